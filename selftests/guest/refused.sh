# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A disk whose device refuses all features that its driver may choose.

. /lib.sh
. /virtio.sh

plan 3
modprobe -a virtio_pci virtio_blk
disk=$(virtio_device 2)
check "there is a disk" [ -n "$disk" ]
check "its device refuses the driver's features" sh -c \
	"dmesg | grep -q '$disk: .*device refuses features'"
check "it has no driver" [ ! -e "/sys/bus/virtio/devices/$disk/driver" ]
