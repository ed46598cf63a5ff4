#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
#
# The first process of a small system on a disk, for guest_virtio.sh: counts its boots, and resets
# the machine after the first.

/bin/busybox --install -s /bin
export PATH=/bin

boots=$(($(cat /boots 2>/dev/null) + 1))
echo $boots >/boots
echo "this is boot $boots, with root on $(sed -n 's,^\([^ ]*\) / ext4 .*,\1,p' /proc/mounts)"
mount -o remount,ro /
case $boots in
1)	reboot -f ;;
esac
poweroff -f
