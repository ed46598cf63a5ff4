#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The same as guest_vfio.sh with a virtual function in the place of the disk, with interrupts that KVM
# is to have, and with memory of huge pages.
#
# Depends on: kernel, delivery, mirrors.
# Needs: host vfio.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/vfio-guest.sh"

echo "KTAP version 1"
echo "1..5"
make_vf
guest_result $? "nvme has a virtual function"
echo 128 >/proc/sys/vm/nr_hugepages
try_devices "$nvme_vf" bypass --memory 256M --hugepages
echo 0 >/proc/sys/vm/nr_hugepages
# vfio-pci does not take a function that has some, for who comes next.
echo 0 >"/sys/bus/pci/devices/$nvme/sriov_numvfs"
