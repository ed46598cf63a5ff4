# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# TCP by iperf3, whose server guest_iperf.sh has started at 192.0.2.1: to it, from it, and both at a
# time, with as many connections as there are pairs of queues.

. /lib.sh
. /virtio.sh

bytes=$(argument bytes)
pairs=$(argument pairs)

# iperf3 keeps what it sends in a file.
mkdir -p /tmp
plan 5
modprobe -a virtio_pci virtio_net
net_up
echo "up"
check "the other end answers" net_reach

# iperf OPTION...: without an end other than that all has been sent, which is when sockets have taken
# it; so these are small.
iperf()
{
	iperf3 -c 192.0.2.1 -n "$bytes" -P "$pairs" -w 128K "$@" >/iperf.log 2>&1
	iperf_status=$?
	grep -E 'sender|receiver|error' /iperf.log | sed 's/^/# /'
	return $iperf_status
}

check "$bytes bytes go to the other end" iperf
check "and come from it" iperf -R
check "and do both at a time" iperf --bidir
complaints | tee -a /complaints | sed 's/^/# /'
dmesg -r | grep -iE '^<[0-4]>.*(virtio|eth0|hung|stall)' | tee -a /complaints | sed 's/^/# /'
check "the kernel has not complained" [ ! -s /complaints ]
