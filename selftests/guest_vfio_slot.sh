#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices of the host in slots of a Linux guest: one is plugged while the guest runs, and then the
# host takes both away from VFIO, for which the guest releases them: one at once, and the other when
# it has come to serve that slot.
#
# Depends on: kernel.
# Needs: host vfio.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
. "$top/selftests/vfio-guest.sh"
tmp=$(mktemp -d) || exit 1
ctl=$top/userspace/kvpci-ctl

# serve LINE: what the guest asks for.
serve()
{
	case $1 in
	plug)
		"$ctl" "$tmp/socket" plug "vfio,path=$nvme,behind=a" || failed=plug
		;;
	take-disk)
		use_nvme || failed=disk
		;;
	take-edu)
		drive_with pci-stub $edu &
		taker=$!
		await_message "$edu: .* in no slot that the guest serves"
		echo >&3
		wait $taker || failed=edu
		echo >&3
		;;
	esac
}

echo "KTAP version 1"
echo "1..5"

fill_disk 4
drive_with vfio-pci $nvme $edu
guest_result $? "the devices are VFIO's"
failed=
# shellcheck disable=SC2034 # it is added to the command line
append="mebibytes=4 sum=$fill_sum"
try_guest "power-off" converse vfio-slot serve --memory 256M --control "$tmp/socket" \
	--device root-port,name=a,addr=2 --device root-port,name=b,addr=3 --vfio $edu,behind=b
guest_result "$([ -z "$failed" ]; echo $?)" "the host has what it wanted back: $failed"
[ "$(dd if="/dev/${nvme_name}n1" bs=1M count=4 iflag=direct 2>/dev/null | md5sum |
	cut -d ' ' -f 1)" = "$fill_sum" ]
guest_result $? "and uses its disk"
rm -rf "$tmp"
