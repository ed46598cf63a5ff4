# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts for virtio devices share. Sourced after lib.sh.

# An argument of the kernel's command line.
argument()
{
	tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p" | tail -n 1
}

# virtio_device TYPE: the name, such as virtio0, of the first device with that number.
virtio_device()
{
	for virtio_folder in /sys/bus/virtio/devices/*; do
		if [ $(($(cat "$virtio_folder/device"))) = "$1" ]; then
			basename "$virtio_folder"
			return
		fi
	done
}

# virtio_function NAME: its PCI function, such as 0000:00:02.0.
virtio_function()
{
	basename "$(realpath "/sys/bus/virtio/devices/$1/..")"
}

# net_function: that of the network device, when that is there.
net_function()
{
	wait_for [ -n "$(virtio_device 1)" ]
	virtio_function "$(virtio_device 1)"
}

# give_to_programs FUNCTION: by vfio-pci. $function is that then, and $group its group.
give_to_programs()
{
	function=$1
	give_folder=/sys/bus/pci/devices/$function
	# Nothing here remaps its interrupts.
	modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
	modprobe vfio_pci
	echo vfio-pci >"$give_folder/driver_override"
	[ ! -e "$give_folder/driver" ] || echo "$function" >"$give_folder/driver/unbind"
	# One that has never had a driver is in no group before.
	echo "$function" >/sys/bus/pci/drivers_probe
	group=$(basename "$(realpath "$give_folder/iommu_group")")
	wait_for [ -e "/dev/vfio/$group" ]
}

# take_from_programs: the driver that is made for it may have $function again.
take_from_programs()
{
	echo "$function" >/sys/bus/pci/drivers/vfio-pci/unbind
	echo >"/sys/bus/pci/devices/$function/driver_override"
	echo "$function" >/sys/bus/pci/drivers_probe
}

# has_feature NAME BIT: has the driver accepted it?
has_feature()
{
	[ "$(cut -c $(($2 + 1)) "/sys/bus/virtio/devices/$1/features")" = 1 ]
}

# interrupts_named BEGINNING: how many have come on all vectors whose names begin so.
interrupts_named()
{
	awk -v name="$1" '
		NR == 1 { processors = NF }
		index($NF, name) == 1 {
			for (i = 2; i < 2 + processors; i++)
				sum += $i
		}
		END { print sum + 0 }' /proc/interrupts
}

# interrupts_of NAME: how many have come on all of its vectors.
interrupts_of()
{
	interrupts_named "$1-"
}

# rebind ROUNDS TYPE DRIVER: as many times, what drives the first device of that type goes, while the
# device is busy, and comes back: in turns the driver of virtio's PCI functions, and DRIVER. Whoever
# calls it has make_busy for what comes before, is_gone for in between, and is_back for after. In
# $rebound is how many times that went well.
rebind()
{
	rebind_function=$(virtio_function "$(virtio_device "$2")")
	rebound=0
	while [ $rebound -lt "$1" ]; do
		make_busy || break
		case $((rebound % 2)) in
		0)	rebind_driver=virtio/drivers/$3 rebind_it=$(virtio_device "$2") ;;
		1)	rebind_driver=pci/drivers/virtio-pci rebind_it=$rebind_function ;;
		esac
		echo "$rebind_it" >"/sys/bus/$rebind_driver/unbind" || break
		is_gone || break
		echo "$rebind_it" >"/sys/bus/$rebind_driver/bind"
		is_back || break
		rebound=$((rebound + 1))
	done
}

# net_up: set the network device up, with the address that the host knows.
net_up()
{
	ip link set eth0 up && ip address add 192.0.2.2/24 dev eth0
}

# net_reach: the other end answers; it may not be there yet.
net_reach()
{
	net_left=30
	until ping -c 1 -W 2 192.0.2.1 >/dev/null 2>&1; do
		net_left=$((net_left - 1))
		[ $net_left != 0 ] || return 1
	done
}

# link_is 1|0: is the network device's link up? The device is.
link_is()
{
	[ "$(cat /sys/class/net/eth0/carrier)" = "$1" ]
}

# net_silent: no ping is answered any more. Linux 6.1 takes the queues away when it shuts down, and a
# processor that sends a packet then tries so for ever.
net_silent()
{
	echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all
}

# wait_for COMMAND...: until the command succeeds. Only what does nothing for minutes is taken for
# stuck.
wait_for()
{
	wait_end=$(($(cut -d . -f 1 /proc/uptime) + 600))
	until "$@"; do
		[ "$(cut -d . -f 1 /proc/uptime)" -lt $wait_end ] || return 1
		usleep 20000
	done
}

# sum_of FILE: its checksum.
sum_of()
{
	md5sum "$1" | cut -d ' ' -f 1
}

# reversed FILE: its halves, the second one first: different data, as many.
reversed()
{
	reversed_length=$(stat -c %s "$1")
	tail -c $((reversed_length / 2)) "$1"
	head -c $((reversed_length - reversed_length / 2)) "$1"
}

# directly_unit FILE: the bytes of its smallest requests past the cache: 4 KiB up to 128 MiB, and in
# proportion above, so that there are not more and more of them.
directly_unit()
{
	unit=$(($(stat -c %s "$1") / 67108864))
	echo $((unit > 1 ? unit * 4096 : 4096))
}

# quarter FILE: how many pieces of 16 such units there are in a quarter of it.
quarter()
{
	echo $(($(stat -c %s "$1") / 4 / 16 / $(directly_unit "$1")))
}

# sum_of_quarters FILE: the checksum of as much as copy_directly copies.
sum_of_quarters()
{
	head -c $(($(quarter "$1") * 4 * 16 * $(directly_unit "$1"))) "$1" | md5sum | cut -d ' ' -f 1
}

# copy_directly FROM TO: four quarters at a time, past the cache, in requests of 1 to 16 units.
copy_directly()
{
	directly_nr=$(quarter "$1")
	directly_unit=$(directly_unit "$1")
	directly_part=0
	: >"$2"
	for directly_size in 1 4 8 16; do
		directly_blocks=$((directly_nr * 16 / directly_size))
		dd if="$1" of="$2" bs=$((directly_size * directly_unit)) count=$directly_blocks \
			skip=$((directly_blocks * directly_part)) \
			seek=$((directly_blocks * directly_part)) \
			iflag=direct oflag=direct conv=notrunc 2>/dev/null &
		directly_part=$((directly_part + 1))
	done
	wait
}

# drop_caches: what is read from here on comes from the disk.
drop_caches()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# find_files DISK [PREFIX]: its file system is mounted on /disk, with what the host has written: data,
# and their checksum. Two tests, whose names begin with the prefix.
find_files()
{
	check "$2its file system can be mounted" mount -t ext4 "/dev/$1" /disk
	same "$2data come as the host has written them" "$(cat /disk/sum)" "$(sum_of /disk/data)"
}

# write_files [PREFIX]: files that the host is to find there. Two tests.
write_files()
{
	reversed /disk/data | tee /disk/new | md5sum | cut -d ' ' -f 1 >/disk/new-sum
	drop_caches
	same "$1what is written comes back" "$(cat /disk/new-sum)" "$(sum_of /disk/new)"
	copy_directly /disk/data /disk/direct
	same "$1so it does past the cache, in requests of four sizes at a time" \
		"$(sum_of_quarters /disk/data)" "$(sum_of /disk/direct)"
}

# disk_complaints: what the kernel has to say about disks, virtio and file systems.
disk_complaints()
{
	dmesg -r | grep -iE '^<[0-4]>' | grep -iE 'virtio|vd[a-z]|blk|ext4|jbd2|I/O error|hung'
}

# find_common FUNCTION: where its common configuration is, by the capability: BAR and offset.
find_common()
{
	common_cap=$(lspci -vv -s "$1" | grep -A 1 'VirtIO: CommonCfg' | tail -n 1)
	common_bar=$(echo "$common_cap" | sed -n 's/.*BAR=\([0-5]\).*/\1/p')
	common_offset=$(echo "$common_cap" | sed -n 's/.*offset=\([0-9a-f]*\).*/\1/p')
}

# common_field FUNCTION OFFSET: the address of a field of the common configuration.
common_field()
{
	find_common "$1"
	common_base=$(sed -n "$((common_bar + 1))s/ .*//p" "/sys/bus/pci/devices/$1/resource")
	printf '%#x\n' $((common_base + 0x$common_offset + $2))
}

# config_byte FUNCTION OFFSET: of configuration space.
config_byte()
{
	setpci -s "$1" "$(printf '%x.B' "$(($2))")"
}

# find_window FUNCTION: where in its configuration space the window to its BARs is (4.1.4.9): virtio's
# capability of type 5. And what is to be seen by it.
find_window()
{
	find_common "$1"
	window=$((0x$(config_byte "$1" 0x34)))
	while [ "$(config_byte "$1" $window) $(config_byte "$1" $((window + 3)))" != "09 05" ]; do
		window=$((0x$(config_byte "$1" $((window + 1)))))
		[ $window != 0 ] || return 1
	done
}

# by_window FUNCTION OFFSET SIZE [VALUE]: read a field of the common configuration by that, once it has
# been found, or write it; in hexadecimal.
by_window()
{
	case $3 in
	1)	by_width=B ;;
	2)	by_width=W ;;
	4)	by_width=L ;;
	esac
	setpci -s "$1" "$(printf '%x.B=%x' $((window + 4)) "$common_bar")" \
		"$(printf '%x.L=%x' $((window + 8)) $((0x$common_offset + $2)))" \
		"$(printf '%x.L=%x' $((window + 12)) "$3")"
	setpci -s "$1" "$(printf '%x.%s' $((window + 16)) "$by_width")${4:+=$4}"
}

# needs_reset NAME: does the device say so (2.1.2)? With iomem=relaxed on the command line.
needs_reset()
{
	needs_status=$(common_field "$(virtio_function "$1")" 20)
	[ $(($(devmem "$needs_status" 8) & 0x40)) != 0 ]
}

# begin_anew FUNCTION: as a driver does that finds a device (3.1.1). Does that accept its features?
# Likewise.
begin_anew()
{
	anew_status=$(common_field "$1" 20)
	devmem "$anew_status" 8 0
	devmem "$anew_status" 8 3
	devmem "$(common_field "$1" 8)" 32 1
	devmem "$(common_field "$1" 12)" 32 1
	devmem "$anew_status" 8 11
	[ $(($(devmem "$anew_status" 8))) = 11 ]
}

# reset_queue FUNCTION QUEUE: behind the driver's back. Is it done (4.1.4.3.1)? Likewise.
reset_queue()
{
	devmem "$(common_field "$1" 22)" 16 "$2"
	reset_enable=$(common_field "$1" 28)
	reset_field=$(common_field "$1" 58)
	[ $(($(devmem "$reset_enable" 16))) = 1 ] || return 1
	devmem "$reset_field" 16 1
	reset_left=100
	until [ $(($(devmem "$reset_field" 16))) = 0 ]; do
		reset_left=$((reset_left - 1))
		[ $reset_left != 0 ] || return 1
	done
	[ $(($(devmem "$reset_enable" 16))) = 0 ]
}

# is_alive FUNCTION: configuration space is what it was. A test.
is_alive()
{
	same "the guest lives on, and so does configuration space" 0x1af4 \
		"0x$(setpci -s "$1" VENDOR_ID)"
}

# held_up FUNCTION COMMAND...: what serves that function's device is stopped, and COMMAND, which uses
# the device, waits for it, while the guest and its disk, which another process serves, do not. Then it
# goes on, and COMMAND succeeds. Four tests. sum=, on the kernel's command line, is of the disk.
held_up()
{
	held_function=$1
	shift
	wait_for [ -b /dev/vda ]
	ask "stop"
	{ "$@"; echo $? >/held; } &
	sleep 2
	same "what nobody serves is waited for" "" "$(cat /held 2>/dev/null)"
	is_alive "$held_function"
	same "and so does its disk" "$(argument sum)" "$(sum_of /dev/vda)"
	ask "continue"
	wait $!
	same "when it is served again, nothing has been lost" 0 "$(cat /held)"
}

# ask WORD: the host does it, and then writes a line to the serial port, which is descriptor 4: what
# it has to say of it, if anything, is in $answer then.
# shellcheck disable=SC2034 # for who sources this
ask()
{
	echo "$1"
	read -r answer <&4
}
