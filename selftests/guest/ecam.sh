# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Linux on a bus whose configuration space is reached through ECAM only.

. /lib.sh

plan 6

# 0xb is a kernel under KVM that has been entered so; others get a number of their own.
same "Linux was entered by PVH" 176 "$(cat /proc/sys/kernel/bootloader_type)"
same "every function is found, and no other" \
	"00:00.0 00:03.0 00:04.0 00:04.1 00:04.7 00:05.0 00:06.0" \
	"$(lspci -n | cut -d ' ' -f 1 | tr '\n' ' ' | sed 's/ $//')"
check "Linux does not use the ports" \
	sh -c '! dmesg | grep -q "Using configuration type 1"'
same "configuration space is 4096 bytes" 4096 \
	"$(wc -c </sys/bus/pci/devices/0000:00:03.0/config)"
bar0=$(address 03.0 0)
same "registers behind a BAR" "0x6370766B" "$(mem32 "$bar0")"
same "the kernel log has no complaint about PCI" "" "$(complaints)"
