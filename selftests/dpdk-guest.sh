# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Linux guests in which testpmd drives a network device and answers pings, for the tests of them.
# Both sides count the packets. Sourced after virtio-guest.sh.

# shellcheck disable=SC2154 # top and tmp are set by who sources this
# Each is another flow, so that no queue is left out: but for once in 2^23.
addresses=24
# Of payload in each of their packets.
bytes=1400

# interface_packets DIRECTION: what this end has sent (rx_, tx_).
interface_packets()
{
	cat "/sys/class/net/$interface/statistics/$1_packets"
}

# ping_all: one packet to each address. Who does not answer is named; an answer whose checksum does
# not fit its payload is none. What this end has learnt is forgotten, so that it does not ask for it
# again by itself.
ping_all()
{
	ping_silent=
	for ping_last in $(seq 2 $((1 + addresses))); do
		busybox ping -c 1 -W 20 -s $bytes "192.0.2.$ping_last" >/dev/null ||
			{ ping_silent=192.0.2.$ping_last; break; }
	done
	ip neighbour flush dev "$interface"
	echo "${ping_silent:-all}"
}

# A driver that begins anew begins to count anew.
answer()
{
	case $1 in
	*"testpmd starts"*|*"another one starts"*)
		before_tx=$(interface_packets tx)
		before_rx=$(interface_packets rx)
		;;
	traffic)
		answered=$(ping_all)
		echo "$answered $(($(interface_packets tx) - before_tx))" \
			"$(($(interface_packets rx) - before_rx))" >&3
		;;
	esac
}

# try NAME INTERFACE PAIRS IOVA NET OPTION...: two results. IOVA is pa or va, for the guest.
try()
{
	try_name=$1 try_pairs=$3 try_iova=$4 try_net=$5
	interface=$2
	shift 5
	# Nothing is sent but what is to be answered.
	echo 1 >"/proc/sys/net/ipv6/conf/$interface/disable_ipv6"
	# The driver asks for its link before there are packets.
	net_address "$interface"
	# shellcheck disable=SC2034 # it is added to the command line
	append="pairs=$try_pairs iova=$try_iova"
	converse dpdk answer --memory 320M --net "$try_net,queues=$try_pairs" "$@"
	try_status=$?
	guest_passed
	guest_result $? "$try_name: the guest's own tests"
	guest_result $try_status "$try_name: the launcher ends with status 0"
}

cat "$guest_initrd" "$top/build/guest/testpmd" >"$tmp/initrd"
guest_initrd=$tmp/initrd
