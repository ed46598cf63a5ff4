# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# An NVMe disk of the host's behind a virtual IOMMU: first a program asks that for what makes no
# sense, and for more than there is, which is mappings=N pages and memory=N times 64 MiB; then Linux
# has both.

. /lib.sh
. /virtio.sh
. /vfio-lib.sh

plan 18

disk_function=$(given 010802)
place=${disk_function#0000:00:}
endpoint=$((0x${place%.*} << 3 | ${place#*.}))
iommu_function=$(given 080600)

same "what makes no sense has the specification's answer" "no domain 6
no endpoint 6
no such domain 5
attach 0
nothing 4
everything 5
half a page 5
the end 5
messages 4
map 0
overlapping 4
the same 4
a part 5
beyond the host 4
unknown 255
pages $(argument mappings) then 8
unmap everything 0
memory $(argument memory) then 8
unmap everything 0
and map 0" "$(viommu "$iommu_function" $endpoint 2>&1)"

modprobe -a virtio_pci virtio_iommu
. /vfio-nvme.sh
# It is in one when it has had a driver.
group=/sys/bus/pci/devices/$disk_function/iommu_group
same "its disk's addresses are translated" DMA "$(cut -c 1-3 "$group/type")"
# The IOMMU of scripts/hostvm --vfio has 39 bits.
check "what the host's can't is reserved" \
	grep -q '^0x0000008000000000 0x0000ffffffffffff reserved' "$group/reserved_regions"
same "the kernel log has no complaint about PCI" "" "$(complaints)"
no_complaint 'iommu.*(fail|error|page fault)|nvme.*(error|timeout)'
# Linux 6.12 resets the IOMMU before the disk when it powers off, and if the disk has unmapped
# something just then, waits with interrupts off for what the IOMMU is not to answer any more.
drive "$disk_function" nvme unbind
sleep 1
