#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kvpci-dump: what it writes of a guest that runs is what the guest's own lspci finds.
#
# Depends on: kernel, mirrors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
dump=$top/userspace/kvpci-dump
tmp=$(mktemp -d) || exit 1

# refuses NAME STATUS TEXT ARGUMENT...: ends with STATUS, and one line that has TEXT.
refuses()
{
	refuses_name=$1 refuses_wanted=$2 refuses_text=$3
	shift 3
	"$dump" "$@" >"$tmp/out" 2>"$tmp/err"
	[ $? = "$refuses_wanted" ] && [ ! -s "$tmp/out" ] && [ "$(wc -l <"$tmp/err")" = 1 ] &&
		grep -qF -- "$refuses_text" "$tmp/err"
	guest_result $? "$refuses_name: status $refuses_wanted and one line"
}

# same WHAT FILE: does the guest say the same of it as is in the file, and something?
same()
{
	sed -n "s/^$1: //p" "$tmp/guest" >"$tmp/wanted"
	[ -s "$tmp/wanted" ] && diff "$tmp/wanted" "$2" >"$tmp/diff"
	same_result=$?
	sed 's/^/# /' "$tmp/diff"
	guest_result $same_result "the guest and the host find the same $1"
}

echo "KTAP version 1"
echo "1..9"

refuses "no argument" 2 "--help"
refuses "an argument that is no process" 2 "--help" 12a
refuses "a process that is not there" 1 "process 999999999" 999999999
refuses "a process without a guest" 1 "no host bridge" $$

# The guest says what it has found, and then sleeps.
mkfifo "$tmp/fifo"
append=end=sleep
boot_standard dump --kernel "$guest_kernel" --cpus 2 >"$tmp/fifo" &
exec 3<"$tmp/fifo"
while read -r line <&3 && [ "$line" != ready ]; do
	echo "$line"
done >"$tmp/guest"

launcher=$(pidof -s kvpci-run)
"$dump" "$launcher" >"$tmp/dump" 2>"$tmp/err" && [ ! -s "$tmp/err" ]
guest_result $? "it writes what a guest has that runs"
sed 's/^/# /' "$tmp/err"
lspci -F "$tmp/dump" -nn >"$tmp/functions"
same functions "$tmp/functions"
lspci -F "$tmp/dump" -nnvvv >"$tmp/all"
sed -n 's/^\t\(Capabilities:\)/\1/p' "$tmp/all" >"$tmp/capabilities"
same capabilities "$tmp/capabilities"
# Without sizes, which registers don't tell, lspci takes the upper half of a BAR for another.
sed -n '/unassigned/d; s/^\t\(Region.*[^ ]\) *$/\1/p' "$tmp/all" >"$tmp/ranges"
same ranges "$tmp/ranges"
lspci -F "$tmp/dump" -n -xxxx | md5sum >"$tmp/config"
same config "$tmp/config"

kill "$launcher"
exec 3<&-
wait
rm -rf "$tmp"
