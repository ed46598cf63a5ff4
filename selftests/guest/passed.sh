# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A device of the host's that is behind an IOMMU here, and passed on to a program, by vfio-pci: edu.

. /lib.sh
. /virtio.sh
. /vfio-lib.sh
exec 4</dev/ttyS0

plan 5

modprobe -a virtio_pci virtio_iommu
check "a program may have the device" give_to_programs "$(given 00ff00)"
same "it copies memory at the program's addresses, and reaches no others" "same intact same" \
	"$(passed "$function" "$group" | xargs)"
same "for another program, too" "same intact same" "$(passed "$function" "$group" | xargs)"
# Much more than there is, of which guest_vfio_passed.sh looks what the device has.
echo 1 >/proc/sys/vm/nr_hugepages
same "and when one has mapped too much" "same intact same" \
	"$(passed "$function" "$group" 2048 <&4 | xargs)"
same "there was no fault" "" "$(dmesg | grep 'page fault')"
