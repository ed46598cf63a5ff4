# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# How long does it take to map and unmap a page, by VFIO, for devices that are behind an IOMMU: a
# network device, and an nvme controller of the host's? The benchmark (bench/iommu) has this run.

. /lib.sh
. /virtio.sh
. /vfio-lib.sh

# take_time COMMAND NAME: three times.
take_time()
{
	for _ in 1 2 3; do
		echo "took $2 $(reach "$1" "$function" "$group" 200)"
	done
}

modprobe -a virtio_pci virtio_iommu
give_to_programs "$(net_function)" || echo "# no program may have it"
take_time time virtio
give_to_programs "$(given 010802)" || echo "# no program may have it"
take_time idle vfio
