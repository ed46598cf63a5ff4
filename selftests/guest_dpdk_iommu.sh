#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A network device behind an IOMMU that DPDK's testpmd drives in the guest, by vfio-pci, and that is
# told addresses of that program's. vhost-net serves it, with two pairs of queues.
#
# Depends on: delivery.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
have_later_guests
tmp=$(mktemp -d) || exit 1
. "$top/selftests/dpdk-guest.sh"

modprobe -a tun vhost_net

echo "KTAP version 1"
echo "1..2"
ip tuntap add kvpci0 mode tap multi_queue
try "vhost-net" kvpci0 2 va tap=kvpci0,iommu=on --iommu
ip link delete kvpci0
rm -rf "$tmp"
