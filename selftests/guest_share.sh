#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A directory that is shared with a Linux guest, by a virtiofsd that kvpci-run starts, and by one
# that was there: both sides see what the other writes; a daemon that is stopped for a while,
# or killed; what can't be.
#
# Depends on: delivery.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
tmp=$(mktemp -d) || exit 1
shared=$tmp/shared,1

# make_directory: what the guest is to find.
make_directory()
{
	mkdir -p "$shared"
	rm -rf "${shared:?}"/*
	head -c 2000000 /dev/urandom >"$shared/data"
	sum <"$shared/data" >"$shared/data-sum"
	head -c 1000000 /dev/urandom >"$shared/new"
	echo before >"$shared/changing"
}

# serve LINE: of a guest that asks for something.
serve()
{
	case $1 in
	stop|continue|kill|again)	served_by "$launcher" virtiofsd >"$tmp/served" ;;
	esac
	case $1 in
	change)
		echo after >"$shared/changing"
		echo >&3
		;;
	stop|continue)	pause_daemon "$1" "$(cat "$tmp/served")" ;;
	kill|again)
		kill -KILL "$(cat "$tmp/served")"
		await_message .
		echo >&3
		;;
	esac
}

# try NAME SHARE: the guest reads and writes.
try()
{
	make_directory
	append=
	converse share serve --cpus 2 --share "$2,tag=files"
	try_status=$?
	guest_passed
	guest_result $? "$1: the guest's own tests"
	guest_result $try_status "$1: the launcher ends with status 0"
	same "$1: the host finds what the guest has written" "$(cat "$shared/new-sum")" \
		"$(sum <"$shared/new")"
	same "$1: a file belongs to the user of the guest's who has made it" 1000:1000 \
		"$(stat -c %u:%g "$shared/folder/other")"
}

# What serves the directory is stopped for a while, and then killed, and another takes its place.
try_again()
{
	make_directory
	head -c 2M /dev/urandom >"$tmp/disk"
	append="how=again sum=$(sum <"$tmp/disk")"
	converse share serve --share "$option,tag=files" --disk "$tmp/disk"
	again_status=$?
	guest_passed
	guest_result $? "another daemon: the guest's own tests"
	guest_result $again_status "another daemon: the launcher ends with status 0"
	same "another daemon: the host finds what was written to one that was stopped" \
		"$(sum <"$shared/new")" "$(sum <"$shared/written")"
	daemon_came_back
	guest_result $? "another daemon: the launcher says what has become of it"
	! pgrep -x virtiofsd
	guest_result $? "another daemon: no process is left"
}

# And no other does.
try_kill()
{
	make_directory
	append="iomem=relaxed how=kill"
	converse share serve --share "$option,tag=files,reconnect=off"
	kill_status=$?
	guest_passed
	guest_result $? "the daemon is killed: the guest's own tests"
	guest_result $kill_status "the daemon is killed: the launcher ends with status 0"
	[ "$(wc -l <"$tmp/err")" = 1 ] && grep -q "no more use" "$tmp/err"
	guest_result $? "the daemon is killed: the launcher says so in one line"
	[ -s "$tmp/served" ] && ! kill -0 "$(cat "$tmp/served")" 2>/dev/null
	guest_result $? "the daemon is killed: no process is left"
}

# start_daemon: one that ends with the connection to it.
start_daemon()
{
	rm -f "$tmp/socket"
	ln -sfn "$shared" "$tmp/link"
	/usr/lib/qemu/virtiofsd --socket-path="$tmp/socket" -o "source=$tmp/link/." \
		-o sandbox=chroot,modcaps=-mknod >"$tmp/virtiofsd" 2>&1 &
	daemon=$!
	until [ -S "$tmp/socket" ]; do
		kill -0 $daemon 2>/dev/null || { sed 's/^/# /' "$tmp/virtiofsd"; return 1; }
		sleep 0.1
	done
}

# end_daemon: it has ended, unless nobody has connected to it.
end_daemon()
{
	kill $daemon 2>/dev/null
	wait $daemon 2>/dev/null
}

echo "KTAP version 1"
echo "1..24"

option=$tmp/shared,,1
try "a directory" "$option"
pgrep -x virtiofsd >"$tmp/left"
guest_result $((!$?)) "a directory: no process is left"

start_daemon
try "a daemon that is there" "vhost-user=$tmp/socket"
end_daemon
start_daemon
refuses "more queues than the daemon has" 1 "lower queues=" \
	--share "vhost-user=$tmp/socket,tag=files,queues=64"
end_daemon

try_again
try_kill

refuses "no tag" 2 "by tag=" --share "$option"
refuses "a tag that is too long" 2 "36 bytes" \
	--share "$option,tag=1234567890123456789012345678901234567"
refuses "a directory that is not there" 1 "/nonexistent" --share "/nonexistent,tag=files"
: >"$tmp/file"
refuses "a file" 1 "$tmp/file: Not a directory" --share "$tmp/file,tag=files"
mount -t tmpfs none /usr/lib/qemu
refuses "no virtiofsd" 1 "install it" --share "$option,tag=files"
umount /usr/lib/qemu
rm -rf "$tmp"
