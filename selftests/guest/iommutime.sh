# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# How long does it take to map and unmap a page for a network device that is behind an IOMMU, by VFIO?
# The benchmark (bench/iommu) has this run.

. /lib.sh
. /virtio.sh

modprobe -a virtio_pci virtio_iommu
give_to_programs "$(net_function)" || echo "# no program may have it"
for time_round in 1 2 3; do
	echo "round $time_round: $(reach time "$function" "$group" 200)"
done
