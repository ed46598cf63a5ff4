# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A guest whose network device and sockets are behind an IOMMU; the other end of the one is
# 192.0.2.1, and the host is number 2 of the other. guest_iommu.sh is what they talk to.

. /lib.sh
. /virtio.sh

devices=/sys/bus/virtio/devices
drivers=/sys/bus/virtio/drivers

plan 20

# driven DRIVER: has it a device?
driven()
{
	set -- "$drivers/$1"/virtio*
	[ -e "$1" ]
}

# echoed KIND ADDRESS: what has been sent to the other end came back.
echoed()
{
	head -c 1000000 /dev/urandom >/sent
	stream send "$1" "$2" 5001 </sent >/back && cmp -s /sent /back
}

# group DEVICE: the number of its group.
group()
{
	basename "$(realpath "$devices/$1/../iommu_group")"
}

modprobe -a virtio_pci virtio_net vmw_vsock_virtio_transport
check "the devices wait for the IOMMU's driver" [ ! -e /sys/class/net/eth0 ]
modprobe virtio_iommu
check "then the network device has a driver" wait_for driven virtio_net
check "and so have the sockets" wait_for driven vmw_vsock_virtio_transport
net=$(virtio_device 1)
vsock=$(virtio_device 19)
iommu=$(virtio_device 23)
check "the IOMMU itself is not behind one" [ ! -e "$devices/$iommu/../iommu_group" ]
check "each device has a group of its own" [ "$(group "$net")" != "$(group "$vsock")" ]
same "which translates" DMA "$(cut -c 1-3 "$devices/$net/../iommu_group/type")"
check "the network device takes addresses of the platform's" has_feature "$net" 33
check "so do the sockets" has_feature "$vsock" 33

check "the network device comes up" net_up
echo "up"
check "the other end answers" net_reach
check "1 MB to the other end and back are the same" echoed tcp 192.0.2.1
check "1 MB to the host and back are the same" echoed vsock 2
check "the other end's connection is taken" stream echo tcp 5002
check "and the host's" stream echo vsock 5002

echo "$net" >$drivers/virtio_net/unbind
echo "$vsock" >$drivers/vmw_vsock_virtio_transport/unbind
echo "$vsock" >$drivers/vmw_vsock_virtio_transport/bind
echo "$net" >$drivers/virtio_net/bind
net_up
check "a driver that has come anew is answered, too" net_reach
check "and the host's connection is taken" stream echo vsock 5002
# hotplugged: is that device there?
hotplugged()
{
	[ "$(find /sys/class/net -name 'eth*' | wc -l)" = 2 ]
}

echo "plug"
check "a network device is plugged" wait_for hotplugged
new=$(for device in "$drivers"/virtio_net/virtio*; do basename "$device"; done | grep -vx "$net")
check "it is in a group, too" [ "$(group "$new")" -ge 0 ]
check "and takes addresses of the platform's" has_feature "$new" 33
same "the kernel log has no complaint" "" \
	"$(dmesg -r | grep -iE '^<[0-4]>.*(virtio|vsock|eth0|iommu)|virtio.*(fail|error|fault)')"
