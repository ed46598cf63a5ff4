#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Xen, a multiboot kernel that wants a BIOS's data and a clock, and Debian's Linux as its
# domain 0, which scans PCI for it: without an IOMMU Xen leaves that to domain 0. Linux finds
# no root file system then, and panics, so that Xen resets the machine.
#
# Without smap=0 the emulator takes Linux's first IRET for an access by Xen to memory that is
# Linux's: domain 0 runs in user mode, which QEMU 7.2 does not expect of that instruction.
#
# Depends on: nothing.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..5"
boot_kernel --kernel "$top/build/guests/xen" --initrd "$guest_image" --memory 768M --stats \
	--append "console=com1 com1=115200 loglvl=all smap=0 -- console=hvc0 panic=-1" \
	--device id=1234:5678,class=020000,bar0=mem32/4K \
	--device id=1b36:1104,class=088000,addr=04.0,bar0=mem64/64K \
	--device id=1b36:1105,class=088000,addr=04.7,bar0=io/32 >/tmp/guest.log
status=$?
sed 's/^/# /' /tmp/guest.log
grep -q 'PCI: Using MCFG for segment 0000 bus 00-00' /tmp/guest.log
guest_result $? "Xen finds configuration space in memory"
[ "$(sed -n 's/.*PCI add device 0000://p' /tmp/guest.log | tr '\n' ' ')" = \
	"00:00.0 00:01.0 00:04.0 00:04.7 " ]
guest_result $? "Xen knows the functions that there are, and no others"
[ "$(sed -n 's/.* pci 0000:00:\(.*\) type 00 class \(.*\)/\1 \2/p' /tmp/guest.log)" = "\
00.0: [1b36:0008] 0x060000
01.0: [1234:5678] 0x020000
04.0: [1b36:1104] 0x088000
04.7: [1b36:1105] 0x088000" ]
guest_result $? "domain 0 finds them"
grep -q 'Dom0 crashed' /tmp/guest.log && [ $status = 0 ]
guest_result $? "Xen's reset ends the launcher with status 0"
[ "$(guest_statistic 'exits pci')" = 0 ]
guest_result $? "no access to PCI came out to the launcher"
