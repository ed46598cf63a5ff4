# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# DPDK's testpmd as what serves a guest's network device by vhost-user. Sourced with $tmp set to a
# folder.

# shellcheck disable=SC2154 # tmp is set by who sources this

# start_testpmd PAIRS [KEYS]: between $tmp/socket and the interface dtap0. It polls, so it has one
# processor to itself for packets, and ends when it may read a line. KEYS are more for the socket.
start_testpmd()
{
	rm -f "$tmp/socket" "$tmp/enter"
	mkfifo "$tmp/enter"
	dpdk-testpmd --no-huge --no-pci --no-shconf --no-telemetry -m 64 --lcores '0@0,1@1' \
		--vdev "net_vhost0,iface=$tmp/socket,queues=$1${2:+,$2}" \
		--vdev net_tap0,iface=dtap0,mac=fixed -- \
		--rxq "$1" --txq "$1" --nb-cores 1 --total-num-mbufs 4096 --no-mlockall \
		<>"$tmp/enter" >"$tmp/testpmd" 2>&1 &
	testpmd=$!
	until [ -S "$tmp/socket" ] && [ -e /sys/class/net/dtap0 ]; do
		kill -0 $testpmd 2>/dev/null || { tail "$tmp/testpmd"; return 1; }
		sleep 0.1
	done
}

# end_testpmd SIGNAL
end_testpmd()
{
	kill -"$1" "$testpmd"
	wait "$testpmd" 2>/dev/null
}
