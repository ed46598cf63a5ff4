# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A network card of the host's, in a network where 10.0.2.2 answers. Sourced by vfio.sh, which has a
# plan of 6 for this.

modprobe e1000e
function=$(given 020000)
check "there is an interface" wait_for [ -e /sys/class/net/eth0 ]

up()
{
	ip link set eth0 up && ip address add 10.0.2.15/24 dev eth0 2>/dev/null
	wait_for grep -qx 1 /sys/class/net/eth0/carrier
}

# answers PACKETS: are all answered? Before, the card may still be about to come up.
answers()
{
	net_left=30
	until ping -c 1 -W 2 10.0.2.2 >/dev/null 2>&1; do
		net_left=$((net_left - 1))
		[ $net_left != 0 ] || return 1
	done
	ping -A -c "$1" -s 1400 10.0.2.2 >/ping && grep -q ' 0% packet loss' /ping
}

check "its link comes up" up
check "100 packets are answered" answers 100
interrupts=$(interrupts_named eth0)
echo "# $interrupts interrupts"
check "interrupts came for that" [ "$interrupts" -ge 20 ]

# rom: does its expansion ROM begin as one does?
rom()
{
	echo 1 >"/sys/bus/pci/devices/$function/rom" &&
		[ "$(head -c 2 "/sys/bus/pci/devices/$function/rom" | hexdump -v -e '1/1 "%02x"')" = 55aa ]
}
check "its ROM is there" rom

again()
{
	drive "$function" e1000e unbind && [ ! -e /sys/class/net/eth0 ] &&
		drive "$function" e1000e bind && up && answers 10
}
check "the driver goes and comes back" again
