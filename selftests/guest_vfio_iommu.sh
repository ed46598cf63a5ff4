#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# An NVMe disk of the host's behind a virtual IOMMU. A program in the guest asks this for what makes
# no sense, for more mappings than the host's VFIO has, and to have more memory locked than the
# launcher may: all of it is answered, and the host's kernel has nothing to say. Then the guest's
# Linux uses both. It has kernel 6.12, since Debian's 6.1 has no driver of virtual IOMMUs.
#
# Depends on: kernel.
# Needs: host vfio.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/vfio-guest.sh"
have_later_guests
limit=/sys/module/vfio_iommu_type1/parameters/dma_entry_limit

echo "KTAP version 1"
echo "1..6"

fill_disk 4
modprobe vfio_iommu_type1
drive_with vfio-pci $nvme
guest_result $? "the device is VFIO's"
# What is mapped and unmapped all the time takes long with small ones.
echo 128 >/proc/sys/vm/nr_hugepages
limit_before=$(cat $limit)
# More than a guest's driver needs at a time.
echo 4000 >$limit
lines=$(dmesg | wc -l)
append="pci=noearly iomem=relaxed mappings=3999 memory=4 mebibytes=4 sum=$fill_sum rounds=1"
locking_at_most 300 try_guest "power-off" boot_guest vfio-iommu --kernel "$guest_kernel" \
	--memory 256M --hugepages --iommu --vfio $nvme,iommu=on
echo "$limit_before" >$limit
echo 0 >/proc/sys/vm/nr_hugepages
filled 4
guest_result $? "what the guest has written is what is on the disk"
[ "$(grep "^kvpci-run:" /tmp/guest.log | grep -c "may not notice")" = 1 ] &&
	[ "$(grep -c "^kvpci-run:" /tmp/guest.log)" = 1 ]
guest_result $? "the launcher says once that more was wanted than can be"
# Any guest's Linux looks for performance counters, which KVM tells of; the other one is of the
# machine's own root, when something there is first written to.
dmesg | tail -n +$((lines + 1)) |
	grep -v 'Unhandled WRMSR(0xc0010007)\|evm: overlay not supported' |
	grep -v 'vfio-pci .*\(resetting\|reset done\|enabling device\)' >/tmp/host.log
sed 's/^/# /' /tmp/host.log
[ ! -s /tmp/host.log ]
guest_result $? "the host's kernel has nothing to say"
