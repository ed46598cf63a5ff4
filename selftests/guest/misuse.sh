# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The first disk is given to a program (misuse), which leaves in its queue what no driver should:
# cases=A,B,... on the command line. After each the device works again, once it is reset; and whoever
# serves the second disk is not concerned. sum= is the checksum of both disks. With lost=1, the first
# is lost after the first of them.

. /lib.sh
. /virtio.sh

cases=$(argument cases | tr , ' ')
sum=$(argument sum)
lost=$(argument lost)

# shellcheck disable=SC2086 # words
set -- $cases
plan $((4 + $# - ${lost:-0}))
modprobe -a virtio_pci virtio_blk
wait_for [ -b /dev/vdb ]
function=$(virtio_function "$(basename "$(realpath /sys/block/vda/device)")")
echo "$function" >/sys/bus/pci/drivers/virtio-pci/unbind
good=$(misuse "$function" good)
echo "# $good"
check "a program reads the disk" [ "${good#good: completed 1 status 0 }" != "$good" ]
for case in "$@"; do
	misuse "$function" "$case" | sed 's/^/# /'
	again=$(misuse "$function" good 2>&1)
	if [ "$lost" = 1 ]; then
		same "$case: no reset brings the device back" "the device refuses the features" \
			"$again"
	else
		same "$case: the device works after a reset" "$good" "$again"
	fi
done
if [ "$lost" != 1 ]; then
	echo "$function" >/sys/bus/pci/drivers/virtio-pci/bind
	wait_for [ -b /dev/vda ]
	same "so it does with the kernel's driver" "$sum" "$(sum_of /dev/vda)"
fi
drop_caches
same "the other disk is as it was" "$sum" "$(sum_of /dev/vdb)"
complaints | tee -a /complaints | sed 's/^/# /'
check "the kernel has complained of nothing" [ ! -s /complaints ]
