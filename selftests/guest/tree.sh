# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What Linux and pciutils make of the bridges of guest_tree.sh: a root port with a root port and
# a device behind it, and one with a device alone. A device interrupts by MSI-X and INTx.

. /lib.sh

plan 20

devices=/sys/bus/pci/devices

same "every function is found, and no other" \
	"00:00.0 00:02.0 00:03.0 01:00.0 01:00.1 02:00.0 03:00.0 03:00.1" \
	"$(lspci -n | cut -d ' ' -f 1 | tr '\n' ' ' | sed 's/ $//')"
lspci -tvnn >/tree
sed 's/^/# /' /tree
check "the tree: a port with a port and a device behind it" \
	grep -q -- '-02.0-\[01-02\]--+-00.0-\[02\]----00.0' /tree
check "the tree: a port with a device behind it" grep -q -- '-03.0-\[03\]--+-00.0' /tree

lspci -vv -s 02.0 >/02.0
check "a root port" grep -q 'Express (v2) Root Port' /02.0
check "its bus numbers" grep -q 'primary=00, secondary=01, subordinate=02' /02.0
lspci -vv -s 02:00.0 >/02:00.0
check "an endpoint behind it" grep -q 'Express (v2) Endpoint' /02:00.0
check "its 32-bit BAR" grep -q 'Region 0: Memory at .* \[size=4K\]' /02:00.0
check "its 64-bit BAR" grep -q 'Region 2: Memory at .*64-bit, prefetchable. \[size=2M\]' /02:00.0

# address_of BUS:DEV.FN N: as Linux has a BAR.
address_of()
{
	sed -n "$(($2 + 1))s/ .*//p" "$devices/0000:$1/resource"
}

# Registers answer, where Linux has left them.
setpci -s 02:00.0 COMMAND=0003
setpci -s 03:00.0 COMMAND=0003
same "registers behind two bridges" 0x44332211 "$(mem32 "$(address_of 02:00.0 0)")"
same "and of its 64-bit BAR" 0x88776655 "$(mem32 "$(address_of 02:00.0 2)")"
same "ports behind a bridge" 99aabbcc "$(port_bytes "$(address_of 03:00.0 2)" 4)"

# A bridge that decodes nothing lets nothing through.
setpci -s 02.0 COMMAND=0000:0003
same "no memory comes through a bridge that decodes none" 0xFFFFFFFF \
	"$(mem32 "$(address_of 02:00.0 0)")"
setpci -s 02.0 COMMAND=0003:0003
same "and again" 0x44332211 "$(mem32 "$(address_of 02:00.0 0)")"

# All that is behind a port is taken away, and looked for and assigned anew.
echo 1 >$devices/0000:00:02.0/remove
same "a port is removed with all behind it" "00:00.0 00:03.0 03:00.0 03:00.1" \
	"$(lspci -n | cut -d ' ' -f 1 | tr '\n' ' ' | sed 's/ $//')"
echo 1 >/sys/bus/pci/rescan
same "and comes back" "00:02.0 01:00.0 01:00.1 02:00.0" \
	"$(lspci -n | cut -d ' ' -f 1 | grep -E '^(00:02|01|02)' | tr '\n' ' ' | sed 's/ $//')"
setpci -s 02:00.0 COMMAND=0003
same "with its registers" 0x44332211 "$(mem32 "$(address_of 02:00.0 0)")"

# The secondary bus is reset.
setpci -s 01:00.1 INTERRUPT_LINE=5a
echo bus >$devices/0000:02:00.0/reset_method
check "a reset of the bus" sh -c "echo 1 >$devices/0000:02:00.0/reset"
same "what is on it is as it was" "1b36:1131 0x44332211" \
	"$(lspci -n -s 02:00.0 | cut -d ' ' -f 3) $(mem32 "$(address_of 02:00.0 0)")"
same "and what is not on it has not been reset" 5a "$(setpci -s 01:00.1 INTERRUPT_LINE)"

complaints >/complaints
sed 's/^/# /' /complaints
check "the kernel has not complained" [ ! -s /complaints ]
