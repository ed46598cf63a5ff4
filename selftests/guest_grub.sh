#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# GRUB, a multiboot kernel below 1 MiB that uses the ports of configuration mechanism 1 and
# finds out through the RSDT how to power off: scripts/build-grub has it list PCI functions and
# halt.
#
# Depends on: nothing.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..3"
boot_kernel --kernel "$top/build/grub/grub" --stats \
	--device id=1234:5678,class=020000,bar0=mem32/4K \
	--device pci-testdev,addr=1f.0 \
	--device id=1b36:1104,class=0c0330,addr=04.0,bar0=mem64/64K \
	--device id=1b36:1105,class=010802,addr=04.7 \
	--device id=1b36:1106,class=0c0500,addr=40:02.0 >/tmp/guest.log
status=$?
sed 's/^/# /' /tmp/guest.log
listed=$(sed -n '/begin$/,/^end$/p' /tmp/guest.log | sed '1d; $d; s/ $//')
[ "$listed" = "\
00:00.0 1b36:0008 [0600] Host Bridge
00:01.0 1234:5678 [0200] Ethernet Controller
00:04.0 1b36:1104 [0c03] USB Controller [PI 30]
00:04.7 1b36:1105 [0108] Mass storage Controller [PI 02]
00:1f.0 1b36:0005 [ff00]
40:02.0 1b36:1106 [0c05] Serial Bus Controller" ]
guest_result $? "GRUB lists the functions that there are, and no others"
guest_result $status "its halt ends the launcher with status 0"
[ "$(guest_statistic 'exits pci')" = 0 ]
guest_result $? "no access to PCI came out to the launcher"
