# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A guest all of whose devices are behind an IOMMU: disks=N disks, each with a file system, on which
# guest_behind.sh has left random data in the file "data", and its checksum in "sum"; a directory
# with the tag "files" that has the same; a network device, whose other end is 192.0.2.1; sockets.

. /lib.sh
. /virtio.sh

disks=$(argument disks)
plan $((8 + 5 * disks))

# all_there: have all that wait for the IOMMU, and itself, been found, and do drivers have them?
all_there()
{
	set -- /sys/bus/virtio/devices/*/driver
	[ $# = $((4 + disks)) ] && [ -b "/dev/vd$(echo abc | cut -c "$disks")" ]
}

# outside: functions with a virtio device that nothing translates for.
outside()
{
	for outside_device in /sys/bus/virtio/devices/virtio*; do
		grep -qs ^DMA "$outside_device/../iommu_group/type" ||
			echo $(($(cat "$outside_device/device")))
	done
}

# echoed KIND ADDRESS: what has been sent to the other end came back.
echoed()
{
	head -c 500000 /dev/urandom >/sent
	stream send "$1" "$2" 5001 </sent >/back && cmp -s /sent /back
}

# try_disk NAME
try_disk()
{
	find_files "$1" "$1: "
	write_files "$1: "
	check "$1: it is unmounted" umount /disk
}

modprobe -a virtio_pci virtio_blk virtio_net vmw_vsock_virtio_transport virtiofs ext4
check "no disk is there before the IOMMU's driver" [ ! -b /dev/vda ]
modprobe virtio_iommu
wait_for all_there
same "nothing but the IOMMU is not behind it" 23 "$(outside)"
mkdir /disk /mnt
for letter in $(echo a b c | cut -d ' ' -f "-$disks"); do
	try_disk "vd$letter"
done
check "the directory is mounted" mount -t virtiofs files /mnt
same "what is in it is as the host has made it" "$(cat /mnt/sum)" "$(sum_of /mnt/data)"
reversed /mnt/data >/mnt/new
check "the network device comes up" net_up
echo "up"
check "the other end answers" net_reach
check "what goes to the host by sockets comes back" echoed vsock 2
disk_complaints | sed 's/^/# /'
same "the kernel log has no complaint" "" \
	"$(disk_complaints; dmesg -r | grep -iE 'virtio.*(fail|error|[^e]fault)')"
