# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Go on with the system on the disk that root= names: sourced by init. script=NAME on the command
# line leaves NAME.sh of this folder in /run/script, for that system to run, and lib.sh beside it.

root=$(arg root)
script=$(arg script)

modprobe -a virtio_pci virtio_blk virtio_net vmw_vsock_virtio_transport virtiofs ext4
# A disk that is behind an IOMMU comes when that has its driver.
late=
if [ ! -b "$root" ] && modprobe virtio_iommu; then
	late=600
	until [ -b "$root" ] || [ $late = 0 ]; do
		late=$((late - 1))
		usleep 100000
	done
fi
mkdir -p /root
if mount "$root" /root; then
	mount -t tmpfs -o mode=0755 tmpfs /root/run
	[ -z "$late" ] || : >/root/run/root-came-late
	[ -z "$script" ] || { cp "/$script.sh" /root/run/script && cp /lib.sh /root/run/lib.sh; }
	for folder in dev proc sys; do
		mount --move /$folder /root/$folder
	done
	exec switch_root /root /sbin/init
fi
echo "there is no system on $root"
