# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What Linux and pciutils make of the functions of boot_standard in linux-guest.sh:
# they are as described, can be read and written, and move.

. /lib.sh

plan 35

config()
{
	config_slot=$1
	shift
	setpci -s "$config_slot" "$@"
}

same "every function is found, and no other" \
	"00:00.0 00:03.0 00:04.0 00:04.1 00:04.7 00:05.0 00:06.0" \
	"$(lspci -n | cut -d ' ' -f 1 | tr '\n' ' ' | sed 's/ $//')"
same "the host bridge" "0600: " "$(lspci -n -s 00.0 | cut -d ' ' -f 2 | sed 's/$/ /')"
same "IDs, class and revision" "00:03.0 0880: 1b36:1100 (rev 07)" \
	"$(lspci -n -s 03.0)"
same "subsystem" "1af4 1234" \
	"$(config 03.0 SUBSYSTEM_VENDOR_ID) $(config 03.0 SUBSYSTEM_ID)"
same "multi-function bit of a device with three" "80 80 80" \
	"$(config 04.0 HEADER_TYPE) $(config 04.1 HEADER_TYPE) $(config 04.7 HEADER_TYPE)"
same "multi-function bit of a device with one" "00" "$(config 03.0 HEADER_TYPE)"
same "configuration space is 4096 bytes" 4096 \
	"$(wc -c </sys/bus/pci/devices/0000:00:03.0/config)"

lspci -vv -s 03.0 >/03.0
check "32-bit memory BAR" \
	grep -q 'Region 0: Memory at .* (32-bit, non-prefetchable) \[size=4K\]' /03.0
check "I/O BAR" grep -q 'Region 1: I/O ports at .* \[size=32\]' /03.0
check "64-bit prefetchable BAR" \
	grep -q 'Region 2: Memory at .* (64-bit, prefetchable) \[size=1M\]' /03.0
check "power-management capability" grep -q 'Power Management version 3' /03.0
check "PCI Express capability" grep -q 'Express (v2) Root Complex Integrated Endpoint' /03.0
check "vendor-specific capability" grep -q 'Vendor Specific Information' /03.0

# Through the two ways to configuration space. pciutils' direct methods go to the
# ports themselves.
same "0xcf8 and ECAM say the same" "$(setpci -A linux-sysfs -s 03.0 0.L 8.L 2c.L 84.L)" \
	"$(setpci -A intel-conf1 -s 03.0 0.L 8.L 2c.L 84.L)"
same "bytes and words through the ports" "36 1b36 1b" \
	"$(setpci -A intel-conf1 -s 03.0 0.B 0.W 1.B | tr '\n' ' ' | sed 's/ $//')"

config 03.0 INTERRUPT_LINE=5a
same "a writable register keeps what is written" "5a" "$(config 03.0 INTERRUPT_LINE)"
config 03.0 VENDOR_ID=1234
same "a read-only one does not" "1b36" "$(config 03.0 VENDOR_ID)"

# Registers behind the BARs.
bar0=$(address 03.0 0)
bar1=$(address 03.0 1)
bar2=$(address 03.0 2)
same "registers behind a 32-bit BAR" "0x6370766B 0x2E6F7265" \
	"$(mem32 "$bar0") $(mem32 $((bar0 + 12)))"
mem_write()
{
	devmem "$(printf '%#x' "$1")" "$2" "$3"
}
mem_write "$bar0" 32 0
same "read-only registers" "0x6370766B" "$(mem32 "$bar0")"
mem_write $((bar0 + 16)) 32 0x11223344
mem_write $((bar0 + 18)) 8 0xaa
same "registers take writes of any size" "0x11AA3344" "$(mem32 $((bar0 + 16)))"
same "bytes that no range has" "0xFFFFFFFF" "$(mem32 $((bar0 + 256)))"
same "registers behind an I/O BAR" "1122334455667788ffff" "$(port_bytes "$bar1" 10)"
same "registers behind a 64-bit BAR" "0x622D3436" "$(mem32 "$bar2")"

# Decoding.
config 03.0 COMMAND=0001
same "memory decode off" "0xFFFFFFFF 11" "$(mem32 "$bar0") $(port_bytes "$bar1" 1)"
config 03.0 COMMAND=0002
same "I/O decode off" "0x6370766B ff" "$(mem32 "$bar0") $(port_bytes "$bar1" 1)"

# Sizing by hand, and moving.
config 03.0 COMMAND=0000
config 03.0 BASE_ADDRESS_0=ffffffff BASE_ADDRESS_1=ffffffff \
	BASE_ADDRESS_2=ffffffff BASE_ADDRESS_3=ffffffff
same "BAR sizes" "fffff000 ffffffe1 fff0000c ffffffff" \
	"$(config 03.0 10.L 14.L 18.L 1c.L | tr '\n' ' ' | sed 's/ $//')"
new0=$(printf '%x' $((bar0 + 0x10000000)))
new1=$(printf '%x' $((bar1 + 0x2000)))
new2=$(printf '%x' $((bar2 + 0x1040000000)))
config 03.0 BASE_ADDRESS_0="$new0" BASE_ADDRESS_1="$new1"
config 03.0 BASE_ADDRESS_2="$(printf %x $((0x$new2 & 0xffffffff)))"
config 03.0 BASE_ADDRESS_3="$(printf %x $((0x$new2 >> 32)))"
config 03.0 COMMAND=0003
same "a 32-bit BAR has moved" "0x6370766B 0x11AA3344 0xFFFFFFFF" \
	"$(mem32 0x"$new0") $(mem32 $((0x$new0 + 16))) $(mem32 "$bar0")"
same "an I/O BAR has moved" "11223344 ffffffff" \
	"$(port_bytes 0x"$new1" 4) $(port_bytes "$bar1" 4)"
same "a 64-bit BAR has moved" "0x622D3436 0xFFFFFFFF" \
	"$(mem32 0x"$new2") $(mem32 "$bar2")"

same "the other functions stayed where they were" "0x00000104 0x00000004" \
	"$(mem32 "$(address 04.1 0)") $(mem32 "$(address 04.0 0)")"

# The ROM, which Linux enables, reads and disables. Memory decode is up to us.
config 05.0 COMMAND=0002
rom=/sys/bus/pci/devices/0000:00:05.0/rom
echo 1 >$rom
same "expansion ROM" "kvpci expansion ROM" \
	"$(dd if=$rom bs=1 skip=52 count=19 2>/dev/null)"
echo 0 >$rom

# QEMU's test device: its name, at offset 0 + 16 of the header of test 0.
testdev=$(address 06.0 0)
devmem "$testdev" 8 0
check "pci-testdev answers" [ "$(mem32 $((testdev + 8)))" != 0xFFFFFFFF ]

# Removal and rescan by the guest.
echo 1 >/sys/bus/pci/devices/0000:00:04.7/remove
echo 1 >/sys/bus/pci/rescan
same "a function is found again" "00:04.7 0880: 1b36:1106" "$(lspci -n -s 04.7)"

same "all processors are there" 2 "$(nproc)"
same "the kernel log has no complaint about PCI" "" "$(complaints)"
