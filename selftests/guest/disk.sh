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
find_files vda
before=$(interrupts_of "$disk")

write_files ""
sum_of /disk/direct >/disk/direct-sum

check "interrupts came for that" [ "$(interrupts_of "$disk")" -gt "$before" ]
check "the file system is unmounted" umount /disk
complaints | tee -a /complaints | sed 's/^/# /'
disk_complaints | tee -a /complaints | sed 's/^/# /'
check "the kernel has not complained" [ ! -s /complaints ]
grep "$disk" /proc/interrupts | sed 's/^/# /'
check "each of its vectors is one of MSI-X" sh -c \
	"grep -q '$disk-req' /proc/interrupts && ! grep '$disk' /proc/interrupts | grep -qv MSI"
