# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A virtio disk with a file system on it, on which guest_virtio.sh has left random data in the file
# "data", and its checksum in "sum". bytes=N on the command line is the size of the disk.
# The host looks at what is written here once the guest has ended.

. /lib.sh
. /virtio.sh

plan 15

check "modules are loaded" modprobe -a virtio_pci virtio_blk ext4
wait_for [ -b /dev/vda ]
disk=$(virtio_device 2)
check "there is a disk" [ -n "$disk" ]
function=$(virtio_function "$disk")
same "its function is a modern device's" "0x1af4 0x1042" \
	"$(cat "/sys/bus/pci/devices/$function/vendor") $(cat "/sys/bus/pci/devices/$function/device")"
check "VIRTIO_F_VERSION_1 is accepted" has_feature "$disk" 32
check "and VIRTIO_BLK_F_FLUSH" has_feature "$disk" 9
# QEMU's storage daemon has a cache, and says that it has none to who asks it for that.
same "the guest knows that there is a cache to be flushed" "write back" \
	"$(cat /sys/block/vda/queue/write_cache)"
same "it is as large as the host's image" "$(argument bytes)" \
	$(($(cat /sys/block/vda/size) * 512))

mkdir /disk
check "its file system can be mounted" mount -t ext4 /dev/vda /disk
same "data come as the host has written them" "$(cat /disk/sum)" "$(sum_of /disk/data)"
before=$(interrupts_of "$disk")

# What is written differs from what is there, but not in its length.
length=$(stat -c %s /disk/data)
half=$((length / 2))
other_halves()
{
	tail -c $half /disk/data
	head -c $((length - half)) /disk/data
}
other_halves | tee /disk/new | md5sum | cut -d ' ' -f 1 >/disk/new-sum
drop_caches
same "what is written comes back" "$(cat /disk/new-sum)" "$(sum_of /disk/new)"

# Several at a time, past the cache, each a piece of its own, in requests of another size.
piece=$((length / 4 / 65536))
direct()
{
	direct_blocks=$((piece * 64 / $1))
	dd if=/disk/data of=/disk/direct bs=$(($1 * 1024)) count=$direct_blocks \
		skip=$((direct_blocks * $2)) seek=$((direct_blocks * $2)) \
		iflag=direct oflag=direct conv=notrunc 2>/dev/null || echo "failed" >>/failed
}
: >/disk/direct
direct 4 0 & direct 16 1 & direct 32 2 & direct 64 3 &
wait
same "so it does past the cache, in requests of four sizes at a time" \
	"$(head -c $((piece * 4 * 65536)) /disk/data | md5sum) " \
	"$(md5sum </disk/direct) $(cat /failed 2>/dev/null)"
sum_of /disk/direct >/disk/direct-sum

check "interrupts came for that" [ "$(interrupts_of "$disk")" -gt "$before" ]
check "the file system is unmounted" umount /disk
complaints | tee -a /complaints | sed 's/^/# /'
disk_complaints | tee -a /complaints | sed 's/^/# /'
check "the kernel has not complained" [ ! -s /complaints ]
grep "$disk" /proc/interrupts | sed 's/^/# /'
check "each of its vectors is one of MSI-X" sh -c \
	"grep -q '$disk-req' /proc/interrupts && ! grep '$disk' /proc/interrupts | grep -qv MSI"
