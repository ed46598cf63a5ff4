# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A serial port of the host's, mtty, to which comes back what it sends. Sourced by vfio.sh, which has
# a plan of 5 for this.

function=$(given 0700)
check "there is a function" [ -n "$function" ]

# echoed: does what is sent come back? The port's name is new when its driver is. What comes when
# nobody has it open is lost, and a FIFO that mtty has full it takes for empty.
echoed()
{
	port=$(basename "/sys/bus/pci/devices/$function/tty"/ttyS*)
	[ -c "/dev/$port" ] && stty -F "/dev/$port" raw -echo 115200 || return 1
	exec 5<>"/dev/$port"
	echoed=0
	while [ $echoed -lt 20 ]; do
		printf 'piece %02u' $echoed >&5
		[ "$(timeout 300 head -c 8 <&5)" = "$(printf 'piece %02u' $echoed)" ] || break
		echoed=$((echoed + 1))
	done
	interrupts=$(grep -w "$port" /proc/interrupts | awk '{ print $2 + $3 }')
	exec 5>&-
	[ $echoed = 20 ]
}

check "what is sent comes back" echoed
echo "# $interrupts interrupts"
check "interrupts came for that" [ "${interrupts:-0}" -ge 10 ]
again()
{
	drive "$function" serial unbind && drive "$function" serial bind && echoed
}
check "the driver goes and comes back" again
anew()
{
	rescan "$function" && echoed
}
check "Linux finds it anew, and it works" anew
