#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest's network device, served by a vhost-user daemon: DPDK's testpmd, which takes packets
# from it to a tap and back. Packets and connections both ways, with one pair of queues and with
# two; a daemon that is killed; what can't be.
#
# Depends on: delivery, processors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
tmp=$(mktemp -d) || exit 1
. "$top/selftests/net-guest.sh"

# start_daemon PAIRS: testpmd between $tmp/socket and the interface dtap0. It polls, so it has one
# processor to itself for packets, and ends when it may read a line.
start_daemon()
{
	rm -f "$tmp/socket" "$tmp/enter"
	mkfifo "$tmp/enter"
	dpdk-testpmd --no-huge --no-pci --no-shconf --no-telemetry -m 64 --lcores '0@0,1@1' \
		--vdev "net_vhost0,iface=$tmp/socket,queues=$1" --vdev net_tap0,iface=dtap0 -- \
		--rxq "$1" --txq "$1" --nb-cores 1 --total-num-mbufs 4096 --no-mlockall \
		<>"$tmp/enter" >"$tmp/testpmd" 2>&1 &
	daemon=$!
	until [ -S "$tmp/socket" ] && [ -e /sys/class/net/dtap0 ]; do
		kill -0 $daemon 2>/dev/null || { tail "$tmp/testpmd"; return 1; }
		sleep 0.1
	done
}

end_daemon()
{
	kill -"$1" $daemon
	wait $daemon 2>/dev/null
}

# try PAIRS OPTION...
try()
{
	try_pairs=$1
	shift
	start_daemon "$try_pairs"
	# testpmd leaves it to drivers to cut up segments.
	append="offloads=0,1,7"
	net_traffic "$try_pairs" dtap0 "$@" --net \
		"vhost-user=$tmp/socket,mac=02:00:00:00:00:07,mtu=1400,queues=$try_pairs"
	end_daemon TERM
}

# kill_daemon LINE: of a guest that asks for it.
kill_daemon()
{
	case $1 in
	up)	net_address dtap0 ;;
	kill)
		kill -KILL $daemon
		await_message
		echo >&3
		;;
	esac
}

# The daemon is killed while the guest uses it.
try_kill()
{
	start_daemon 2
	append="iomem=relaxed"
	converse netlost kill_daemon --cpus 2 --net "vhost-user=$tmp/socket,queues=2"
	kill_status=$?
	wait $daemon 2>/dev/null
	guest_passed
	guest_result $? "the daemon is killed: the guest's own tests"
	guest_result $kill_status "the daemon is killed: the launcher ends with status 0"
	[ "$(wc -l <"$tmp/err")" = 1 ] && grep -q "$tmp/socket.*no more use" "$tmp/err"
	guest_result $? "the daemon is killed: the launcher says so in one line"
}

modprobe tun

echo "KTAP version 1"
echo "1..13"

try 1
try 2 --cpus 2
try_kill
refuses "a socket that nobody listens at" 1 "$tmp/socket" --net "vhost-user=$tmp/socket"
refuses "a tap and a socket" 2 "exclude each other" --net "vhost-user=$tmp/socket,tap=tap0"
start_daemon 1
# It says that it has 128, however many of them lead somewhere.
refuses "more queues than the daemon has" 1 "lower queues=" \
	--net "vhost-user=$tmp/socket,queues=129"
end_daemon TERM
rm -f "$tmp/socket"
refuses "a socket that is not there" 1 "No such file" --net "vhost-user=$tmp/socket"
rm -rf "$tmp"
