# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Devices that come and go in the slots of root ports, as Linux's pciehp has it: guest_hotplug.sh
# plugs and unplugs as often as rounds=N on the command line says, whenever this says that it has
# seen the last. The device interrupts all the while.

. /lib.sh

rounds=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^rounds=//p')
slot=/sys/bus/pci/slots/2
card=/sys/bus/pci/devices/0000:01:00.0

plan 12

insmod /irqtest.ko

# look SECONDS COMMAND...: until the command succeeds.
look()
{
	look_end=$(($(cut -d . -f 1 /proc/uptime) + $1))
	shift
	until "$@"; do
		[ "$(cut -d . -f 1 /proc/uptime)" -lt $look_end ] || return 1
		usleep 20000
	done
}

same "both ports have a slot, and one has something in it" "0 1" \
	"$(cat $slot/adapter) $(cat /sys/bus/pci/slots/3/adapter)"
lspci -vv -s 02.0 >/02.0
check "the slot can do what hot-plug takes" \
	grep -q 'AttnBtn+ PwrCtrl- MRL- AttnInd- PwrInd+ HotPlug+ Surprise+' /02.0
check "the port interrupts by MSI" grep -q 'MSI: Enable+' /02.0

# has_driver FILE: irqtest drives what is there.
has_driver()
{
	[ -e "$1/single" ]
}

# works VECTOR: something is there and interrupts. Who plugs again before Linux has done with what
# was there before has it look twice: then it goes and comes back.
works()
{
	look 120 has_driver $card && echo "$1 25" >$card/single
}

# round N: something comes, interrupts, and is pulled out while it does.
round()
{
	echo "plug"
	look 120 works "$(($1 % 4))" 2>/dev/null || return 1
	before=$(sed -n 1p $card/handled)
	while trigger $card/single "0 1000"; do :; done 2>/dev/null >/single &
	look 120 sh -c "now=\$(sed -n 1p $card/handled) && [ \"\$now\" != \"$before\" ]" \
		2>/dev/null || return 1
	echo "pull"
	look 120 sh -c "! [ -e $card ]" || return 1
	wait
}

failed=0
n=0
while [ $n -lt "$rounds" ] && [ $failed = 0 ]; do
	n=$((n + 1))
	round $n || failed=$n
done
same "a device comes, interrupts, and is pulled out, $rounds times" "0 $rounds" "$failed $n"
same "its slot is empty then" "0" "$(cat $slot/adapter)"

# The guest may turn a slot off by itself.
echo "plug"
look 120 has_driver $card
check "a device that is there when its slot is turned off" [ -e $card ]
# Linux refuses it as long as it has not quite finished with what was plugged.
check "is gone" look 120 sh -c "echo 0 >$slot/power; ! [ -e $card ]" 2>/dev/null
echo 1 >$slot/power
look 120 has_driver $card
check "and comes back" trigger $card/single "1 25"

# The button is pressed: after 5 seconds the device is released.
echo "unplug"
look 120 sh -c "! [ -e $card ]"
check "a device is released when that is asked for" [ ! -e $card ]
echo "unplug-other"
look 120 sh -c "! [ -e /sys/bus/pci/devices/0000:02:00.0 ]"
check "and one that was there at the beginning" [ ! -e /sys/bus/pci/devices/0000:02:00.0 ]

# Something is there when the guest ends.
echo "plug"
check "a device comes once more" look 120 works 0

complaints | grep -v 'pciehp: Slot.*: \(Card not present\|Link Down\)' >/complaints
sed 's/^/# /' /complaints
dmesg | grep pciehp | tail -n 20 | sed 's/^/# /'
check "the kernel has not complained" [ ! -s /complaints ]
