# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What tests share that give guests the devices of scripts/hostvm --vfio. Sourced after
# linux-guest.sh.

# shellcheck disable=SC2154 # top is set by who sources this
# shellcheck disable=SC2034 # for linux-guest.sh
guest_initrd=$top/build/guest/virtio-initrd
PATH=$PATH:/usr/sbin:/sbin

# shellcheck disable=SC2034 # for who sources this
edu=0000:01:00.0 nvme=0000:02:00.0 nvme_vf=0000:02:00.1 e1000e=0000:03:00.0

# What is behind the disk of the nvme device, without any driver.
nvme_image=$(sed -n 's/.*hostvm\.run=\([^ ]*\).*/\1/p' /proc/cmdline)/nvme.img

# drive_with DRIVER FUNCTION...: have it be those functions' driver.
drive_with()
{
	drive_driver=$1
	shift
	modprobe "$drive_driver" || return 1
	for drive_function; do
		drive_folder=/sys/bus/pci/devices/$drive_function
		echo "$drive_driver" >"$drive_folder/driver_override" || return 1
		[ ! -e "$drive_folder/driver" ] ||
			echo "$drive_function" >"$drive_folder/driver/unbind" || return 1
		echo "$drive_function" >/sys/bus/pci/drivers_probe || return 1
		[ "$(basename "$(realpath "$drive_folder/driver")")" = "$drive_driver" ] || return 1
	done
}

# drive_with_none FUNCTION: have it be without a driver, which a test before may have left it with.
drive_with_none()
{
	[ ! -e "/sys/bus/pci/devices/$1/driver" ] ||
		echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
}

# use_nvme: have the host use it: $nvme_name is what its driver calls it, when that is done.
use_nvme()
{
	drive_with nvme "$nvme" || return 1
	use_left=600
	until nvme_name=$(ls "/sys/bus/pci/devices/$nvme/nvme" 2>/dev/null) &&
	      [ -b "/dev/${nvme_name}n1" ]; do
		use_left=$((use_left - 1))
		[ $use_left != 0 ] || return 1
		sleep 0.1
	done
}

# make_vf: one virtual function of nvme, as its driver and nvme(1) make it: it has the queues and
# vectors that it is given. There is no driver for it.
make_vf()
{
	use_nvme || return 1
	echo 0 >"/sys/bus/pci/devices/$nvme/sriov_drivers_autoprobe"
	echo 1 >"/sys/bus/pci/devices/$nvme/sriov_numvfs" || return 1
	# Interrupts (1) and queues (0) are assigned (8), and then it is online (9).
	for make_command in "-r 1 -a 8 -n 2" "-r 0 -a 8 -n 2" "-a 9"; do
		# shellcheck disable=SC2086 # words
		nvme virt-mgmt "/dev/$nvme_name" -c 1 $make_command >/dev/null || return 1
	done
}

# locking_at_most MEBIBYTES COMMAND...: the launcher may lock no more memory than that.
locking_at_most()
{
	locking_launcher=$(mktemp) || return 1
	cat >"$locking_launcher" <<-END
	#!/bin/sh
	ulimit -l $(($1 * 1024))
	exec setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock "$kvpci_run" "\$@"
	END
	chmod +x "$locking_launcher"
	locking_kept=$kvpci_run
	kvpci_run=$locking_launcher
	shift
	"$@"
	locking_status=$?
	kvpci_run=$locking_kept
	rm -f "$locking_launcher"
	return $locking_status
}

# fill_disk MEBIBYTES: data for the guest, of which $fill_sum is the checksum.
fill_disk()
{
	head -c "$1M" /dev/urandom | dd of="$nvme_image" bs=1M conv=notrunc iflag=fullblock \
		2>/dev/null
	fill_sum=$(head -c "$1M" "$nvme_image" | md5sum | cut -d ' ' -f 1)
}

# filled MEBIBYTES: are there the same data, and behind them their halves the other way round?
filled()
{
	filled_half=$(($1 / 2))
	[ "$(head -c "$1M" "$nvme_image" | md5sum | cut -d ' ' -f 1)" = "$fill_sum" ] &&
		[ "$({
			dd if="$nvme_image" bs=1M skip=$(($1 + filled_half)) count=$filled_half
			dd if="$nvme_image" bs=1M skip="$1" count=$filled_half
		} 2>/dev/null | md5sum | cut -d ' ' -f 1)" = "$fill_sum" ]
}

# try_devices DISK MODE OPTION...: a guest with that disk, e1000e and edu, whose interrupts go as
# MODE says, and four results. KVPCI_TEST_ROUNDS says how often the disk's driver comes and goes,
# KVPCI_TEST_DISK how many MiB are read and written.
try_devices()
{
	try_disk=$1 try_mode=$2
	shift 2
	try_scale=${KVPCI_TEST_SCALE:-1}
	try_rounds=${KVPCI_TEST_ROUNDS:-$((try_scale < 3 ? 6 / try_scale : 2))}
	try_mebibytes=${KVPCI_TEST_DISK:-$((try_scale < 8 ? 64 / try_scale / 4 * 4 : 8))}
	fill_disk "$try_mebibytes"
	append="pci=noearly iomem=relaxed devices=nvme,e1000e,edu mebibytes=$try_mebibytes \
sum=$fill_sum rounds=$try_rounds"
	drive_with vfio-pci "$try_disk" $e1000e $edu
	guest_result $? "the devices are VFIO's"
	try_guest "power-off" boot_guest vfio --kernel "$guest_kernel" --stats "$@" \
		--vfio "$try_disk,irq=$try_mode" --vfio "$e1000e,irq=$try_mode" \
		--vfio "$edu,irq=$try_mode"
	filled "$try_mebibytes"
	guest_result $? "what the guest has written is what is on the disk"
}
