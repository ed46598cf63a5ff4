#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest's network device, served by a vhost-user daemon: DPDK's testpmd, which takes packets
# from it to a tap and back. Packets and connections both ways, with one pair of queues and with
# two; a daemon that is stopped for a while, or killed; what can't be.
#
# Depends on: delivery, processors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
tmp=$(mktemp -d) || exit 1
. "$top/selftests/net-guest.sh"
. "$top/selftests/testpmd.sh"

# try PAIRS OPTION...
try()
{
	try_pairs=$1
	shift
	start_testpmd "$try_pairs"
	# testpmd leaves it to drivers to cut up segments.
	append="offloads=0,1,7"
	net_traffic "$try_pairs" dtap0 "$@" --net \
		"vhost-user=$tmp/socket,mac=02:00:00:00:00:07,mtu=1400,queues=$try_pairs"
	end_testpmd TERM
}

# answer_streams: send back what comes from the guest, once.
answer_streams()
{
	"$stream" echo tcp 5001 >/dev/null 3>&- &
	echoer=$!
}

# serve_daemon LINE: of a guest that asks for something to be done with it.
serve_daemon()
{
	case $1 in
	up)	net_address dtap0 ;;
	stop|continue)	pause_daemon "$1" $testpmd ;;
	kill|go)
		kill -KILL $testpmd
		wait $testpmd 2>/dev/null
		await_message .
		echo >&3
		;;
	come)
		start_testpmd 2
		net_address dtap0
		answer_streams
		echo >&3
		;;
	esac
}

# The daemon is stopped for a while, and then killed while the guest uses it, and another takes its
# place.
try_again()
{
	start_testpmd 2
	head -c 2M /dev/urandom >"$tmp/disk"
	append="how=again sum=$(sum <"$tmp/disk")"
	answer_streams
	converse netlost serve_daemon --cpus 2 --net "vhost-user=$tmp/socket,queues=2" \
		--disk "$tmp/disk"
	again_status=$?
	kill "$echoer" 2>/dev/null
	end_testpmd TERM
	guest_passed
	guest_result $? "another daemon: the guest's own tests"
	guest_result $again_status "another daemon: the launcher ends with status 0"
	daemon_came_back
	guest_result $? "another daemon: the launcher says what has become of it"
}

# And no other does.
try_kill()
{
	start_testpmd 2
	append="iomem=relaxed"
	converse netlost serve_daemon --cpus 2 --net "vhost-user=$tmp/socket,queues=2,reconnect=off"
	kill_status=$?
	wait $testpmd 2>/dev/null
	guest_passed
	guest_result $? "the daemon is killed: the guest's own tests"
	guest_result $kill_status "the daemon is killed: the launcher ends with status 0"
	[ "$(wc -l <"$tmp/err")" = 1 ] && grep -q "$tmp/socket.*no more use" "$tmp/err"
	guest_result $? "the daemon is killed: the launcher says so in one line"
}

modprobe tun

echo "KTAP version 1"
echo "1..16"

try 1
try 2 --cpus 2
try_again
try_kill
refuses "a socket that nobody listens at" 1 "$tmp/socket" --net "vhost-user=$tmp/socket"
refuses "a tap and a socket" 2 "exclude each other" --net "vhost-user=$tmp/socket,tap=tap0"
start_testpmd 1
# It says that it has 128, however many of them lead somewhere.
refuses "more queues than the daemon has" 1 "lower queues=" \
	--net "vhost-user=$tmp/socket,queues=129"
end_testpmd TERM
rm -f "$tmp/socket"
refuses "a socket that is not there" 1 "No such file" --net "vhost-user=$tmp/socket"
rm -rf "$tmp"
