#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest with two processors on PCI functions of every kind: what it and pciutils,
# which use both ways to configuration space, make of them is tested from inside. Its power-off ends kvpci-run with status 0.
#
# Depends on: kernel, mirrors, paging.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

# It looks for devices by ports, early.
guest_arguments=${guest_arguments% pci=noearly}

echo "KTAP version 1"
echo "1..2"
try_guest power-off boot_standard linux --kernel "$guest_image" --cpus 2 --stats --cf8=on
