# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A guest with two processors, a disk and a network device, of which sum= is the checksum of the
# one, and 192.0.2.1 the other end of the other. "half" and a checksum is what it has written to the
# second half of the disk. When this says "look", the host looks at the launcher, and then writes a
# line to the serial port.

. /lib.sh
. /virtio.sh

exec 4</dev/ttyS0
plan 6
modprobe -a virtio_pci virtio_blk virtio_net
wait_for [ -b /dev/vda ]
same "the disk is as the host made it" "$(argument sum)" "$(sum_of /dev/vda)"
dd if=/dev/urandom of=/half bs=1M count=4 2>/dev/null
dd if=/half of=/dev/vda bs=1M seek=4 conv=notrunc,fsync 2>/dev/null
drop_caches
echo "half $(sum_of /half)"
same "what is written to it comes back" "$(sum_of /half)" \
	"$(dd if=/dev/vda bs=1M skip=4 count=4 2>/dev/null | md5sum | cut -d ' ' -f 1)"
same "it has two processors" 2 "$(nproc)"
check "the network device comes up" net_up
echo "up"
check "the other end of the network answers" net_reach
echo "look"
read -r _ <&4
complaints | tee -a /complaints | sed 's/^/# /'
disk_complaints | tee -a /complaints | sed 's/^/# /'
check "the kernel has not complained" [ ! -s /complaints ]
