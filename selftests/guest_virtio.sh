#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Linux guests with a virtio disk: what they read and write is what is in the image on the host,
# raw or qcow2, whatever happens to the driver, to the guest, or to what serves the disk.
# KVPCI_TEST_ROUNDS says how often the driver comes and goes, KVPCI_TEST_DISK how many MiB are read
# and written.
#
# Depends on: delivery, mirrors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

scale=${KVPCI_TEST_SCALE:-1}
rounds=${KVPCI_TEST_ROUNDS:-$((scale < 5 ? 10 / scale : 2))}
mebibytes=${KVPCI_TEST_DISK:-$((scale < 8 ? 32 / scale : 4))}
# What is too large for memory is where there is a disk.
tmp=/tmp
[ "$mebibytes" -le 128 ] || tmp=$top/build
tmp=$(mktemp -d "$tmp/virtio.XXXXXX") || exit 1
# Another user's image is in it.
chmod 711 "$tmp"
. "$top/selftests/virtio-guest.sh"
PATH=$PATH:/usr/sbin:/sbin

# Each exit to the launcher is one for device_status: five when a driver comes, two when it goes,
# and one when the machine is switched off.
most_coming=5
most_going=2
most_exits=$((most_coming + 1))

# make_disk FORMAT FOLDER SIZE: the image $tmp/disk, an ext4 file system with what is in the
# folder.
make_disk()
{
	rm -f "$tmp/disk" "$tmp/raw"
	truncate -s "$3" "$tmp/raw" &&
		mke2fs -q -t ext4 -d "$2" "$tmp/raw" || return 1
	if [ "$1" = raw ]; then
		mv "$tmp/raw" "$tmp/disk"
	else
		qemu-img convert -f raw -O "$1" "$tmp/raw" "$tmp/disk" && rm "$tmp/raw"
	fi
}

# raw_disk FORMAT: the image's contents, in $tmp/raw.
raw_disk()
{
	rm -f "$tmp/raw"
	if [ "$1" = raw ]; then
		ln "$tmp/disk" "$tmp/raw"
	else
		qemu-img convert -f "$1" -O raw "$tmp/disk" "$tmp/raw"
	fi
}

# clean_disk FORMAT: is there nothing to repair? Makes $tmp/raw.
clean_disk()
{
	if [ "$1" != raw ]; then
		qemu-img check -f "$1" "$tmp/disk" >"$tmp/check" 2>&1 ||
			{ sed 's/^/# /' "$tmp/check"; return 1; }
	fi
	raw_disk "$1" || return 1
	e2fsck -fn "$tmp/raw" >"$tmp/check" 2>&1 || { sed 's/^/# /' "$tmp/check"; return 1; }
	# One that was not unmounted has a journal that is still to be played back.
	! dumpe2fs -h "$tmp/raw" 2>/dev/null | grep -q needs_recovery
}

# file NAME: what is in that file of $tmp/raw.
file()
{
	debugfs -R "cat $1" "$tmp/raw" 2>/dev/null
}

# same_sums: is each file what the guest has written the sum of?
same_sums()
{
	for same_name in data new direct; do
		same_sum=$same_name-sum
		[ $same_name != data ] || same_sum=sum
		same_wanted=$(file $same_sum)
		same_got=$(file $same_name | sum)
		if [ -z "$same_wanted" ] || [ "$same_got" != "$same_wanted" ]; then
			echo "# $same_name is $same_got, and should be $same_wanted"
			return 1
		fi
	done
}

# few_exits WHAT MOST: no more exits to the launcher than that were for PCI, and some.
few_exits()
{
	few_exits=$(guest_statistic 'exits userspace-region')
	[ "${few_exits:-0}" -gt 0 ] && [ "$few_exits" -le "$2" ] &&
		[ "$(guest_statistic 'exits pci')" = 0 ]
	guest_result $? "$1: at most $2 exits to the launcher ($few_exits), all of them to the device"
}

# Data go both ways.
try_disk()
{
	make_disk "$1" "$tmp/files" $((mebibytes * 4 + 32))M || return 1
	# shellcheck disable=SC2034 # boot_guest adds it to the command line
	append="bytes=$(((mebibytes * 4 + 32) * 1048576))"
	try_guest "$1: power-off" boot_guest disk --kernel "$guest_kernel" --cpus 2 --stats \
		--disk "$tmp/disk,format=$1"
	few_exits "$1" $most_exits
	clean_disk "$1"
	guest_result $? "$1: the image and its file system are whole"
	same_sums
	guest_result $? "$1: the host finds in the image what the guest has written"
}

# make_plain [FORMAT]: $tmp/disk, 8 MiB of random data, of which $plain is the sum. There is a hole in
# the middle: who writes there has a qcow2 image change its tables, which have to last as well.
make_plain()
{
	rm -f "$tmp/disk"
	{ head -c 4194304 /dev/urandom; head -c 65536 /dev/zero; head -c 4128768 /dev/urandom
		} >"$tmp/raw" && plain=$(sum <"$tmp/raw") &&
		qemu-img convert -f raw -O "${1:-raw}" "$tmp/raw" "$tmp/disk"
}

# unchanged NAME [FORMAT]
unchanged()
{
	raw_disk "${2:-raw}" && [ "$(sum <"$tmp/raw")" = "$plain" ]
	guest_result $? "$1: what is in the image is what should be"
}

# The driver comes and goes.
try_rebind()
{
	make_plain || return 1
	append="rounds=$rounds sum=$plain"
	try_guest "rebinding: power-off" boot_guest rebind --kernel "$guest_kernel" --cpus 2 --stats \
		--disk "$tmp/disk,format=raw"
	few_exits "rebinding" $((most_exits + rounds * (most_coming + most_going)))
	unchanged "rebinding"
}

# Bus master enable is cleared for a while, which is two more exits.
try_master()
{
	make_plain || return 1
	append="sum=$plain"
	try_guest "bus master: power-off" boot_guest master --kernel "$guest_kernel" --stats \
		--disk "$tmp/disk,format=raw"
	few_exits "bus master" $((most_exits + 2))
}

# The device is reset while it is busy, in a guest that then ends.
try_reset()
{
	make_plain || return 1
	append="iomem=relaxed"
	try_guest "reset: power-off" boot_guest reset --kernel "$guest_kernel" --cpus 2 --stats \
		--disk "$tmp/disk,format=raw"
	few_exits "reset" 80
	unchanged "reset"
}

# A system that is on the disk, which is booted, resets the machine, and is booted again. What it
# does is in its init.
try_root()
{
	mkdir -p "$tmp/root/bin" "$tmp/root/sbin" "$tmp/root/dev" "$tmp/root/proc" "$tmp/root/sys" \
		"$tmp/root/run"
	cp /bin/busybox "$tmp/root/bin/"
	cp "$top/selftests/guest/boots.sh" "$tmp/root/sbin/init"
	chmod +x "$tmp/root/sbin/init"
	make_disk qcow2 "$tmp/root" 64M || return 1
	append="root=/dev/vda"
	for boots in 1 2; do
		boot_guest none --kernel "$guest_kernel" --disk "$tmp/disk,format=qcow2" \
			>/tmp/guest.log
		guest_result $? "a system on the disk ends the launcher with status 0"
		grep -qx "this is boot $boots, with root on /dev/vda" /tmp/guest.log
		guest_result $? "boot $boots finds what the one before has written"
		grep -qx "this is boot $boots.*" /tmp/guest.log || sed 's/^/# /' /tmp/guest.log
	done
	clean_disk qcow2
	guest_result $? "the system's image and file system are whole"
}

# serve_halt WORD: stop or kill what serves the disk, or have it go on.
serve_halt()
{
	case $1 in
	stop|leave|kill|again)
		halt_daemon=$(served_by "$launcher" qemu-storage)
		halt_owner=$(ps -o uid=,gid= -p "$halt_daemon" | xargs)
		;;
	esac
	case $1 in
	stop|continue)	pause_daemon "$1" "$halt_daemon" ;;
	leave)	pause_daemon stop "$halt_daemon" ;;
	# The guest can't ask for it to go on while its processor waits for it.
	pause)
		pause_daemon stop "$halt_daemon"
		(sleep 3; kill -CONT "$halt_daemon") &
		;;
	kill|again)
		kill -KILL "$halt_daemon"
		await_halt "$halt_daemon"
		echo >&3
		;;
	esac
}

# try_halt HOW LINES FORMAT OWNER: what serves the disk is stopped or killed while the guest runs, and
# the launcher has as many lines to say. Before, the guest has written, and flushed the disk's cache.
# The image belongs to that user, who is then the one that serves it.
try_halt()
{
	make_plain "$3" || return 1
	chown "$4:$4" "$tmp/disk"
	append="how=$1 sum=$plain"
	plain=$({ head -c 4194304 "$tmp/raw"; head -c 65536 "$tmp/raw"; tail -c 4128768 "$tmp/raw"
		} | sum)
	halt_daemon=
	halt_owner=
	converse halt serve_halt --disk "$tmp/disk,format=$3"
	halt_status=$?
	[ -n "$halt_daemon" ]
	guest_result $? "$1: a process serves the disk"
	same "$1: it is the image's owner's" "$4 $4" "$halt_owner"
	guest_passed
	guest_result $? "$1: the guest's own tests"
	[ $halt_status = 0 ] || echo "# the status was $halt_status"
	guest_result $halt_status "$1: power-off ends the launcher with status 0"
	# Nobody is left: a process that is stopped does not end by itself.
	[ -n "$halt_daemon" ] && ! kill -0 "$halt_daemon" 2>/dev/null
	guest_result $? "$1: no process is left"
	[ "$(wc -l <"$tmp/err")" = "$2" ]
	guest_result $? "$1: the launcher has said as much as it should ($2 lines)"
	[ -z "$halt_daemon" ] || kill -KILL "$halt_daemon" 2>/dev/null
	unchanged "$1, after a flush" "$3"
}

try_misuse()
{
	make_plain || return 1
	refuses "a disk without a file" 2 "--disk" --disk ""
	refuses "a format that is none" 2 "format" --disk "$tmp/disk,format=floppy"
	refuses "a key that is none" 2 "nonsense" --disk "$tmp/disk,nonsense=1"
	refuses "an image that is not there" 1 "/nonexistent" --disk /nonexistent,format=raw
	refuses "a folder" 1 "$tmp" --disk "$tmp,format=raw"
	refuses "an image of another format" 1 "qcow2" --disk "$tmp/disk,format=qcow2"
}

echo "KTAP version 1"
echo "1..60"

mkdir "$tmp/files"
head -c "${mebibytes}M" /dev/urandom >"$tmp/files/data" || exit 1
sum <"$tmp/files/data" >"$tmp/files/sum"
try_disk raw
try_disk qcow2
rm -r "$tmp/files"
try_rebind
try_master
try_reset
try_root
try_halt stop 0 raw 12345
try_halt leave 1 qcow2 0
try_halt kill 1 qcow2 12345
try_halt again 2 raw 12345
try_misuse
rm -rf "$tmp"
