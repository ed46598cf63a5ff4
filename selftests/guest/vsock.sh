# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Sockets between this guest, which is number 42, and its host, which is 2: guest_vsock.sh is the
# other end.

. /lib.sh

plan 5

modprobe virtio_pci
modprobe vmw_vsock_virtio_transport

# echoed: what has been sent to the host came back.
echoed()
{
	head -c 1000000 /dev/urandom >/sent
	stream send vsock 2 5001 </sent >/back && cmp -s /sent /back
}

check "the device has a driver" [ -e /sys/bus/virtio/drivers/vmw_vsock_virtio_transport/virtio0 ]
check "1 MB to the host and back are the same" echoed
check "the host's connection is taken" stream echo vsock 5002

echo virtio0 >/sys/bus/virtio/drivers/vmw_vsock_virtio_transport/unbind
echo virtio0 >/sys/bus/virtio/drivers/vmw_vsock_virtio_transport/bind
echo "again"
check "so is another one, by a driver that has come anew" stream echo vsock 5002
same "the kernel log has no complaint" "" "$(dmesg -r | grep -iE '^<[0-4]>.*(virtio|vsock)')"
