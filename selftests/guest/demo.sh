# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What "make demo" shows from inside the guest: the functions that Linux found, and a
# BAR that is moved while the guest runs. The functions are those of boot_standard in
# linux-guest.sh.

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

say "its kernel log"
echo "--- dmesg begins"
dmesg
echo "--- dmesg ends"
