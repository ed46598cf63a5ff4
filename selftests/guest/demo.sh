# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What "make demo" shows from inside the guest: the functions that Linux found, a BAR that
# is moved while the guest runs, and interrupts. The functions are those of boot_standard
# in linux-guest.sh, and its msix_device.

. /lib.sh

say()
{
	printf '\n=== guest: %s\n' "$*"
}

run()
{
	printf '# %s\n' "$*"
	"$@"
}

say "$(uname -sr) on $(nproc) processors; what it said about PCI:"
dmesg | grep -E 'PCI|pci' | grep -v '[Cc]ommand line\|KVPCI'

say "the bus"
run lspci -nn
say "the emulated functions"
run lspci -vv

say "complaints in the guest's kernel log about PCI: $(complaints | wc -l)"
complaints

slot=03.0
old=$(address $slot 0)
# Another place in the bridge's window, where nothing is.
new=$(printf '%#x' $((old + 0x10000000)))
say "moving BAR 0 of $slot from $old to $new"
run devmem "$old" 32
run devmem $((old + 4)) 32
echo "# devmem $(printf '%#x' $((old + 16))) 32 0x1234ABCD   (a register that can be written)"
devmem $((old + 16)) 32 0x1234abcd
run setpci -s $slot COMMAND=0000
run setpci -s $slot BASE_ADDRESS_0="${new#0x}"
run setpci -s $slot COMMAND=0003
echo "now the same registers at the new place, and what is at the old one"
run devmem "$new" 32
echo "# devmem $(printf '%#x' $((new + 16))) 32"
mem32 $((new + 16))
run devmem "$old" 32
if [ "$(mem32 "$new")" = 0x6370766B ] && [ "$(mem32 $((new + 16)))" = 0x1234ABCD ] &&
   [ "$(mem32 "$old")" = 0xFFFFFFFF ]; then
	echo "the device answers at its new place, and only there"
else
	echo "FAILED: the device does not answer as it should"
fi

interrupts()
{
	awk 'NR == 1 || /irqtest/' /proc/interrupts
}

say "a driver for 08.0, which has MSI-X with four vectors"
run insmod /irqtest.ko
echo "# cat /proc/interrupts     (its lines)"
interrupts
say "vector 3 to processor 1, and 100 interrupts of each vector, by register writes"
echo 2 >"/proc/irq/$(irq 08.0 3)/smp_affinity"
counts=
for vector in 0 1 2 3; do
	trigger "$(device 08.0)/single" "$vector 100"
	counts="$counts $(count "$(irq 08.0 $vector)")"
done
interrupts
if [ "$counts" = " 100 100 100 100" ]; then
	echo "every trigger was one interrupt"
else
	echo "FAILED: these are not as many interrupts as triggers"
fi

say "its kernel log"
echo "--- dmesg begins"
dmesg
echo "--- dmesg ends"
