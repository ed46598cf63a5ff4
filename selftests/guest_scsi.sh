#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest's SCSI disks, which are files that the host's kernel serves by its target core and
# vhost-scsi: what the guest reads and writes is what is in them, and one can be added as it runs.
#
# Depends on: delivery.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
guest_initrd=$top/build/guest/virtio-initrd

scale=${KVPCI_TEST_SCALE:-1}
rounds=${KVPCI_TEST_ROUNDS:-$((scale < 5 ? 10 / scale : 2))}
tmp=$(mktemp -d) || exit 1
wwpn=naa.5001405bd9bba1c4
targets=/sys/kernel/config/target
group=$targets/vhost/$wwpn/tpgt_1

sum()
{
	md5sum | cut -d ' ' -f 1
}

# make_disk N: serve $tmp/diskN, which the target core calls fileio_0/diskN.
make_disk()
{
	cp "$tmp/data" "$tmp/disk$1"
	mkdir -p "$targets/core/fileio_0/disk$1" &&
		echo "fd_dev_name=$tmp/disk$1,fd_dev_size=$(stat -c %s "$tmp/data")" \
			>"$targets/core/fileio_0/disk$1/control" &&
		echo 1 >"$targets/core/fileio_0/disk$1/enable"
}

# remove_disk N: it is not the target's any more.
remove_disk()
{
	rm "$group/lun/lun_$1"/disk* && rmdir "$group/lun/lun_$1"
}

# add_disk N: let it be the target's.
add_disk()
{
	mkdir "$group/lun/lun_$1" &&
		ln -s "$targets/core/fileio_0/disk$1" "$group/lun/lun_$1/disk$1"
}

echo "KTAP version 1"
echo "1..11"

grep -q '^vhost_scsi ' /proc/modules && rmmod vhost_scsi 2>&1 | sed 's/^/# /'
refuses "a kernel without vhost-scsi" 1 "load the module vhost_scsi" --scsi $wwpn
modprobe -a configfs vhost_scsi target_core_file
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
refuses "a target without a name" 2 "--scsi" --scsi ""
refuses "a target that is not there" 1 "no target of that name" --scsi $wwpn

plain=$(head -c 8M /dev/urandom | tee "$tmp/data" | sum)
swapped=$({ tail -c 4M "$tmp/data"; head -c 4M "$tmp/data"; } | sum)
mkdir -p "$group" && make_disk 0 && make_disk 1 && add_disk 0
guest_result $? "the host has a target"
refuses "a target without a nexus" 1 "nexus" --scsi $wwpn
echo naa.5001405bd9bba1c5 >"$group/nexus"

mkfifo "$tmp/fifo"
append="sum=$plain rounds=$rounds"
boot_guest scsi --kernel "$guest_kernel" --cpus 2 --scsi $wwpn,queues=2 >"$tmp/fifo" &
guest=$!
while read -r line; do
	echo "$line"
	[ "$line" = add ] || continue
	refuses "a target that another guest uses" 1 "another guest" --scsi $wwpn >&3
	add_disk 1
done 3>"$tmp/refused" <"$tmp/fifo" >/tmp/guest.log
wait $guest
status=$?
cat "$tmp/refused"
guest_passed
guest_result $? "the guest's own tests"
guest_result $status "power-off ends the launcher with status 0"
for n in 0 1; do
	[ "$(sum <"$tmp/disk$n")" = "$swapped" ]
	guest_result $? "the host finds in the file what the guest has written (disk $n)"
done
# The last of these fails if one before has failed, or if somebody uses the target.
remove_disk 0
remove_disk 1
rmdir "$group" "${group%/*}"
guest_result $? "nobody uses the target any more"
# What is left of either would keep the next run from unloading vhost_scsi.
rmdir "$targets/vhost" "$targets"/core/fileio_0/disk[01] "$targets/core/fileio_0"
rm -rf "$tmp"
