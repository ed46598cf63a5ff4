# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Disks of a target of the host's, which guest_scsi.sh has made: /dev/sda of random data, of which
# sum= on the command line is the checksum, and, once this has asked for it, /dev/sdb with the same.
# What is written to them is the halves of that, each in the other's place.

. /lib.sh
. /virtio.sh

rounds=$(argument rounds)
sum=$(argument sum)

plan 11
modprobe -a virtio_pci virtio_scsi sd_mod
wait_for [ -b /dev/sda ]
scsi=$(virtio_device 8)
function=$(virtio_function "$scsi")
same "its function is a modern device's" "0x1af4 0x1048 0x010000" \
	"$(cat "/sys/bus/pci/devices/$function/vendor" "/sys/bus/pci/devices/$function/device" \
	"/sys/bus/pci/devices/$function/class" | tr '\n' ' ' | sed 's/ $//')"
check "VIRTIO_F_VERSION_1 is accepted" has_feature "$scsi" 32
check "and VIRTIO_SCSI_F_HOTPLUG" has_feature "$scsi" 1
same "the disk is as the host made it" "$sum" "$(sum_of /dev/sda)"
mebibytes=$(($(cat /sys/block/sda/size) / 2048))

# halves DISK: what is to be there.
halves()
{
	dd if="$1" bs=1M skip=$((mebibytes / 2)) 2>/dev/null
	dd if="$1" bs=1M count=$((mebibytes / 2)) 2>/dev/null
}

# The disk comes by the queue for events.
echo "add"
check "a disk that comes while the guest runs is found" wait_for [ -b /dev/sdb ]
same "and is as the host made it" "$sum" "$(sum_of /dev/sdb)"
for disk in /dev/sda /dev/sdb; do
	halves $disk >/halves
	dd if=/halves of=$disk bs=64k conv=notrunc,fsync 2>/dev/null
	drop_caches
	same "what is written to $disk comes back" "$(sum_of /halves)" "$(sum_of $disk)"
done
wanted=$(sum_of /halves)
check "interrupts came for that" [ "$(interrupts_of "$scsi")" -gt 0 ]

reader()
{
	while dd if=/dev/sda of=/dev/null bs=64k iflag=direct; do :; done 2>/dev/null
}

busy()
{
	read -r reads _ <"/sys/block/sda/stat"
	[ "$reads" -gt 5 ]
}

make_busy()
{
	reader &
	wait_for busy
}

is_gone()
{
	wait
	[ ! -e /sys/block/sda ] && [ ! -e /sys/block/sdb ]
}

is_back()
{
	wait_for [ -b /dev/sda ] && wait_for [ -b /dev/sdb ]
}

rebind "$rounds" 8 virtio_scsi
same "its driver goes while it is busy, and comes back, and the disks with it" \
	"$rounds $wanted $wanted" "$rebound $(sum_of /dev/sda) $(sum_of /dev/sdb)"
# Who has a disk open that is taken away is told of an error, and of a disk that has come, too.
dmesg -r | grep -iE '^<[0-4]>' | grep -iE 'virtio|sd[a-z]|scsi|hung' |
	grep -vE 'I/O error(,| on) dev sda|device offline error, dev sda|Synchronize Cache' |
	grep -v 'LUN assignments on this target have changed' |
	tee /complaints | sed 's/^/# /'
check "the kernel has complained of nothing but that" [ ! -s /complaints ]
