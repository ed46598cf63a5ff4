#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A network device behind an IOMMU for which the guest's kernel has no driver, as Debian's 6.1 has
# none: the device reaches all of the guest's memory, as it does for firmware.
#
# Depends on: delivery.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
tmp=$(mktemp -d) || exit 1
. "$top/selftests/net-guest.sh"

modprobe -a tun vhost_net

echo "KTAP version 1"
echo "1..3"
append=
net_traffic 1 kvpci1 --iommu --net tap=kvpci1,iommu=on
rm -rf "$tmp"
