# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What tests of Linux guests with virtio devices share, of which the host has to do something while
# they run. Sourced after linux-guest.sh, with $tmp set to a folder.

# shellcheck disable=SC2154 # top and tmp are set by who sources this
guest_initrd=$top/build/guest/virtio-initrd

# converse TEST HANDLER OPTION...: run TEST in a guest, with $append on its command line, and
# HANDLER with each line that it prints, as it comes. The handler finds the launcher's process in
# $launcher, and writes to the guest's serial port by descriptor 3. $launch_with comes before the
# launcher's name. What the guest has printed, and then the launcher, is in /tmp/guest.log; the
# status is the launcher's.
converse()
{
	converse_test=$1 converse_handler=$2
	shift 2
	mkfifo "$tmp/in" "$tmp/out" "$tmp/lines"
	# The launcher itself, for its process to be known.
	# shellcheck disable=SC2086 # words
	$launch_with "$kvpci_run" --kernel "$guest_kernel" --initrd "$guest_initrd" \
		--mirror="${KVPCI_TEST_MIRROR:-on}" "$@" \
		--append "$guest_arguments test=$converse_test $append" \
		<"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
	launcher=$!
	exec 3>"$tmp/in"
	sed -u 's/\r//g' <"$tmp/out" >"$tmp/lines" &
	: >/tmp/guest.log
	while read -r converse_line; do
		echo "$converse_line" >>/tmp/guest.log
		"$converse_handler" "$converse_line"
	done <"$tmp/lines"
	exec 3>&-
	wait $launcher
	converse_status=$?
	cat "$tmp/err" >>/tmp/guest.log
	rm -f "$tmp/in" "$tmp/out" "$tmp/lines"
	return $converse_status
}

# await_halt PROCESS: until none of its threads runs any more.
await_halt()
{
	while cat "/proc/$1"/task/*/status 2>/dev/null | grep -q '^State:[[:space:]]*[RSD]'; do
		sleep 0.01
	done
}

# pause_daemon WORD PROCESS: if what a guest asks for is that what serves its device stops, or
# continues, do that, and tell the guest.
pause_daemon()
{
	case $1 in
	stop)
		kill -STOP "$2"
		await_halt "$2"
		;;
	continue)	kill -CONT "$2" ;;
	*)	return ;;
	esac
	echo >&3
}

# await_message PATTERN: until the launcher has said something with that in it, or has ended.
await_message()
{
	until grep -q "$1" "$tmp/err" || ! kill -0 "$launcher" 2>/dev/null; do
		sleep 0.1
	done
}

# daemon_came_back: is what the launcher has said of its vhost-user daemon that it has gone, and then
# that it, or another in its place, is back?
daemon_came_back()
{
	[ "$(sed -n 's/.*the vhost-user daemon \([a-z]* [a-z]*\).*/\1/p' "$tmp/err" |
		tr '\n' ',')" = "has gone,is back," ]
}

# net_address TAP: the host's end of a network device; the guest's is 192.0.2.2.
net_address()
{
	busybox ip address add 192.0.2.1/24 dev "$1"
	busybox ip link set "$1" up
}

# same NAME WANTED GOT: a result.
same()
{
	[ "$2" = "$3" ]
	same_result=$?
	[ $same_result = 0 ] || echo "# wanted '$2', got '$3'"
	guest_result $same_result "$1"
}

# sum: the checksum of what comes.
sum()
{
	md5sum | cut -d ' ' -f 1
}
