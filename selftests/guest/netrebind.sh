# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The driver of a network device is taken away and given back as often as rounds=N on the command
# line says, while packets come and go: in turns the driver of network devices, and that of virtio's
# PCI functions. 192.0.2.1, the other end, sends packets all the time, and in the end echoes what
# comes to port 5001.

. /lib.sh
. /virtio.sh

rounds=$(argument rounds)

plan 7
modprobe -a virtio_pci virtio_net
check "the device comes up" net_up
echo "up"
check "the other end answers" net_reach

packets()
{
	cat "/sys/class/net/eth0/statistics/$1_packets"
}

# Requests and answers of either side: one after the other, as fast as they are answered.
busy()
{
	[ "$(packets rx)" -gt $((received + 20)) ] && [ "$(packets tx)" -gt $((sent + 20)) ]
}

make_busy()
{
	received=$(packets rx) sent=$(packets tx)
	ping -A -s 1000 192.0.2.1 >/dev/null 2>&1 &
	sender=$!
	wait_for busy
}

is_gone()
{
	# It may have ended by itself.
	{ kill $sender; wait $sender; } 2>/dev/null
	[ ! -e /sys/class/net/eth0 ]
}

is_back()
{
	wait_for net_up && net_reach
}

rebind "$rounds" 1 virtio_net
same "its driver goes while packets come and go, and comes back" "$rounds" "$rebound"
head -c 200000 /dev/urandom >/sent
stream send tcp 192.0.2.1 5001 </sent >/back
same "what is sent to the other end comes back as it was" "$(sum_of /sent)" "$(sum_of /back)"
same "its queues' interrupts are there once" "1 1" \
	"$(grep -c "$(virtio_device 1)-input.0" /proc/interrupts) $(grep -c \
		"$(virtio_device 1)-output.0" /proc/interrupts)"
check "and come" [ "$(interrupts_of "$(virtio_device 1)")" -gt 0 ]
complaints | tee -a /complaints | sed 's/^/# /'
dmesg -r | grep -iE '^<[0-4]>.*(virtio|eth0|hung|stall)' | tee -a /complaints | sed 's/^/# /'
check "the kernel has not complained" [ ! -s /complaints ]
net_silent
