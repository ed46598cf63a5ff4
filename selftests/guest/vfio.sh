# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The host's own devices, those of devices=NAME,NAME... on the command line: nvme, e1000e, edu, mtty. What
# is tried with each is in the file of its name.

. /lib.sh
. /virtio.sh
. /vfio-lib.sh

# Where there is no IOMMU, or no driver for it, nothing comes of it.
modprobe virtio_iommu 2>/dev/null

devices=$(argument devices | tr , ' ')
tests=2
for name in $devices; do
	case $name in
	nvme)	tests=$((tests + 13)) ;;
	e1000e)	tests=$((tests + 6)) ;;
	mtty)	tests=$((tests + 5)) ;;
	edu)	tests=$((tests + 13)) ;;
	esac
done
plan $tests

for name in $devices; do
	# shellcheck disable=SC1090 # one of them
	. "/vfio-$name.sh"
done

same "the kernel log has no complaint about PCI" "" "$(complaints)"
no_complaint '^<[0-4]>.*(nvme|e1000e|eth0|I/O error)'
