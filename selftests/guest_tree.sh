#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices behind root ports, one of which is behind another: as kvpci-run's firmware has numbered
# and opened them, and with Linux free to do otherwise.
#
# Depends on: mirrors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

# boot_tree OPTION...: the functions that selftests/guest/tree.sh knows.
boot_tree()
{
	boot_guest tree --kernel "$guest_kernel" "$@" \
		--device root-port,name=a,addr=2 --device root-port,name=b,behind=a \
		--device root-port,name=c,addr=3 \
		--device "id=1b36:1130,behind=a,bar0=mem32/4K" \
		--device "id=1b36:1131,behind=b,bar0=mem32/4K,regs=0@0+4/value=11223344,\
bar2=mem64p/2M,regs=2@0+4/value=55667788" \
		--device "id=1b36:1132,behind=c,bar0=mem64/64K,bar2=io/256,\
regs=2@0+4/value=99aabbcc,count=2"
}

echo "KTAP version 1"
echo "1..4"
try_guest "power-off" boot_tree
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append=pci=realloc
try_guest "power-off, with windows and addresses of Linux's own choice," boot_tree
