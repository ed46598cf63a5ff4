# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Linux guests with a network device whose other end is an interface of this machine, for the tests
# of them. Sourced after virtio-guest.sh.

# shellcheck disable=SC2154 # top and tmp are set by who sources this
head -c 2000000 /dev/urandom >"$tmp/data"

# Which BAR the guest's driver is to find its doorbells in: memory on Intel's processors, and on those
# with AMD's extensions, where these are cheaper, ports. KVM tells of them by doorbell_event.
# shellcheck disable=SC2034 # for who sources this
if grep -qw svm /proc/cpuinfo; then
	doorbell_bar=1 doorbell_event=kvm_pio doorbell_filter="port >= 0x1000"
else
	doorbell_bar=0 doorbell_event=kvm_fast_mmio doorbell_filter="gpa != 0"
fi

# Called while a guest has connections. Whoever sources this may have another.
net_running()
{
	:
}

# net_answer LINE: of the guest.
net_answer()
{
	case $1 in
	up)
		net_address "$traffic_interface"
		# What guests announce is believed.
		echo 1 >"/proc/sys/net/ipv4/conf/$traffic_interface/arp_accept"
		;;
	down|again)
		busybox ip link set "$traffic_interface" "$(echo "$1" | sed s/again/up/)"
		echo >&3
		;;
	"known?")
		sed -n "s/^192\.0\.2\.2 .* 02:00:00:00:00:07 .* $traffic_interface\$/yes/p" \
			/proc/net/arp >"$tmp/known"
		tail -n 1 "$tmp/known" >&3
		[ -s "$tmp/known" ] || echo >&3
		;;
	gone)
		busybox ip link delete "$traffic_interface"
		echo >&3
		;;
	listening)
		net_running
		"$stream" send tcp 192.0.2.2 5002 <"$tmp/data" >"$tmp/back"
		;;
	esac
}

# net_traffic PAIRS INTERFACE OPTION...: boot a guest whose network device has so many pairs of
# queues, be its other end, and report. $append adds to the guest's command line.
net_traffic()
{
	traffic_pairs=$1
	traffic_interface=$2
	shift 2
	append="$append pairs=$traffic_pairs doorbells=$doorbell_bar"
	rm -f "$tmp/back"
	"$stream" echo tcp 5001 >"$tmp/echo" &
	traffic_echo=$!
	converse net net_answer "$@"
	traffic_status=$?
	kill $traffic_echo 2>/dev/null

	guest_passed
	guest_result $? "pairs: $traffic_pairs: the guest's own tests"
	cmp "$tmp/data" "$tmp/back"
	guest_result $? "pairs: $traffic_pairs: 2 MB to the guest and back are the same"
	guest_result $traffic_status "pairs: $traffic_pairs: the launcher ends with status 0"
}
