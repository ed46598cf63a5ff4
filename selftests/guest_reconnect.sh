#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest's disk whose vhost-user daemon, named by its socket, goes and comes again: data are
# what they should be, with a daemon that keeps account of its requests even if it is killed under
# them; and one that hangs holds up nobody but who uses its disk. KVPCI_TEST_ROUNDS says how often a
# daemon goes.
#
# Depends on: delivery.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
tmp=$(mktemp -d) || exit 1
. "$top/selftests/virtio-guest.sh"

scale=${KVPCI_TEST_SCALE:-1}
rounds=${KVPCI_TEST_ROUNDS:-$((scale < 3 ? 3 : 1))}
truncate -s 16M "$tmp/disk"

# start_daemon: what serves the disk in the way of $daemon, and listens when this returns.
start_daemon()
{
	rm -f "$tmp/socket"
	case $daemon in
	account)
		"$top/build/guest/inflight-disk" "$tmp/socket" "$tmp/disk" 2>>"$tmp/daemon" 3>&- &
		;;
	*)	qemu-storage-daemon --blockdev "driver=file,node-name=f,filename=$tmp/disk" \
			--blockdev driver=raw,node-name=d,file=f \
			--export "type=vhost-user-blk,id=e,node-name=d,writable=on,\
addr.type=unix,addr.path=$tmp/socket" 2>>"$tmp/daemon" 3>&- &
		;;
	esac
	daemon_pid=$!
	while ! [ -S "$tmp/socket" ]; do
		if ! kill -0 $daemon_pid 2>/dev/null; then
			sed 's/^/# /' "$tmp/daemon"
			return 1
		fi
		sleep 0.05
	done
}

# It may be stopped.
kill_daemon()
{
	kill -KILL $daemon_pid
	wait $daemon_pid 2>/dev/null
}

# serve WORD: do what the guest asks for, and tell it.
serve()
{
	case $1 in
	go)	kill_daemon ;;
	come)	start_daemon ;;
	bounce)
		kill_daemon
		start_daemon
		;;
	stop)
		pause_daemon stop $daemon_pid
		return
		;;
	hold)
		: >"$tmp/daemon"
		kill -USR1 $daemon_pid
		until grep -q held "$tmp/daemon"; do
			kill -0 $daemon_pid 2>/dev/null || break
			sleep 0.05
		done
		;;
	*)	return ;;
	esac
	echo >&3
}

# try HOW DAEMON LINES OPTIONS: a guest that does HOW, and what of the launcher's lines are about the
# daemon.
try()
{
	try_how=$1 daemon=$2 try_lines=$3 try_options=$4
	: >"$tmp/daemon"
	start_daemon
	append="how=$try_how rounds=$rounds iomem=relaxed"
	converse reconnect serve --cpus 2 --disk "vhost-user=$tmp/socket$try_options"
	try_status=$?
	kill_daemon

	guest_passed
	guest_result $? "$try_how: the guest's own tests"
	guest_result $try_status "$try_how: the launcher ends with status 0"
	sed 's/^/# /' "$tmp/daemon"
	sed -n 's/.*the vhost-user daemon //; s/ \(gone\|back\|of no more use\|left requests undone\).*/ \1/p' "$tmp/err" |
		tr '\n' ',' >"$tmp/said"
	[ "$(cat "$tmp/said")" = "$try_lines" ]
	guest_result $? "$try_how: the launcher says what has become of it"
}

# lines COUNT: as many times gone and back.
lines()
{
	yes 'has gone,is back' | head -n "$1" | tr '\n' ','
}

# serve_hang WORD: likewise, for a disk that is removed.
serve_hang()
{
	case $1 in
	hang)
		hang_daemon=$(served_by "$launcher" qemu-storage)
		kill -STOP "$hang_daemon"
		"$top/userspace/kvpci-ctl" "$tmp/control" unplug a force 3>&- &
		hang_unplug=$!
		# Until it is asked to end, which it does not; or nobody asks it.
		while grep -q '^SigPnd:[[:space:]]*0*$' "/proc/$hang_daemon/status" &&
		      grep -q '^ShdPnd:[[:space:]]*0*$' "/proc/$hang_daemon/status"; do
			kill -0 $hang_unplug 2>/dev/null || break
			sleep 0.05
		done
		;;
	alive)
		kill -0 "$hang_unplug" && hang_alive=0
		kill -CONT "$hang_daemon"
		;;
	*)	return ;;
	esac
	echo >&3
}

# The guest's console goes on while a daemon, which does not end, is waited for.
try_hang()
{
	hang_alive=1
	append="how=hang"
	converse reconnect serve_hang --control "$tmp/control" \
		--device root-port,name=a --device "virtio-blk,file=$tmp/disk,behind=a"
	hang_status=$?
	wait "$hang_unplug"
	hang_unplugged=$?
	guest_passed
	guest_result $? "hang: the guest's own tests"
	guest_result $hang_status "hang: the launcher ends with status 0"
	guest_result $hang_alive "hang: the guest goes on while the daemon is waited for"
	guest_result $hang_unplugged "hang: the disk is gone in the end"
}

echo "KTAP version 1"
echo "1..17"

try idle none "$(lines $((rounds + 1)))" ""
try busy account "$(lines "$rounds")" ""
grep -q '[1-9][0-9]* left over' "$tmp/daemon"
guest_result $? "busy: a daemon goes on with what the one before had begun"
try lost none "has left requests undone,has gone,is back," ""
try off none "is of no more use," ",reconnect=off"
try_hang
rm -rf "$tmp"
