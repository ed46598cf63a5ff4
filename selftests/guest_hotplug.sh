#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices are added and removed while a Linux guest runs, by kvpci-ctl: pulled out under
# interrupts, and released by the guest. KVPCI_TEST_ROUNDS says how often the former.
#
# Depends on: delivery, mirrors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
ctl=$top/userspace/kvpci-ctl
tmp=$(mktemp -d) || exit 1
scale=${KVPCI_TEST_SCALE:-1}
rounds=${KVPCI_TEST_ROUNDS:-$((scale < 5 ? 8 : 3))}

# What is plugged: what irqtest drives, without its address.
card="$(echo "$msix_device" | sed 's/,addr=08.0//'),behind=a"

# refuses NAME TEXT ARGUMENT...: kvpci-ctl fails with one line that has TEXT.
refuses()
{
	refuses_name=$1 refuses_text=$2
	shift 2
	"$ctl" "$@" >"$tmp/out" 2>"$tmp/err"
	refuses_status=$?
	[ $refuses_status != 0 ] && [ ! -s "$tmp/out" ] && [ "$(wc -l <"$tmp/err")" = 1 ] &&
		grep -qF -- "$refuses_text" "$tmp/err"
	guest_result $? "$refuses_name: one line that says why"
	sed 's/^/# /' "$tmp/err"
}

# descriptors: how many the launcher has open. It may be about to close one of kvpci-ctl's.
descriptors()
{
	descriptors_before=
	while :; do
		descriptors_now=$(find "/proc/$launcher/fd" -mindepth 1 | wc -l)
		[ "$descriptors_now" != "$descriptors_before" ] || break
		descriptors_before=$descriptors_now
		sleep 0.1
	done
	echo "$descriptors_now"
}

# list PORT: what is in its slot.
list()
{
	"$ctl" "$tmp/socket" list | sed -n "s/^$1 at [0-9a-f:.]*: //p"
}

echo "KTAP version 1"
echo "1..16"

refuses "no command" "--help"
refuses "nobody listens" "cannot connect" "$tmp/socket" list

mkfifo "$tmp/fifo"
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append=rounds=$rounds
boot_guest hotplug --kernel "$guest_kernel" --cpus 2 --control "$tmp/socket" \
	--device root-port,name=a,addr=2 --device root-port,name=b,addr=3 \
	--device "id=1b36:1130,behind=b,bar0=mem32/4K" >"$tmp/fifo" &
guest=$!
exec 3<"$tmp/fifo"

pulled=0
status=0
while read -r line <&3; do
	case $line in
	plug)
		"$ctl" "$tmp/socket" plug "$card" || status=1
		;;
	pull)
		launcher=$(pidof -s kvpci-run)
		[ $pulled != 0 ] || at_first=$(descriptors)
		at_last=$(descriptors)
		"$ctl" "$tmp/socket" unplug a force || status=1
		pulled=$((pulled + 1))
		;;
	unplug)
		refuses "a slot that is occupied" "unplug it first" "$tmp/socket" plug "$card"
		refuses "a port that is not there" "no root port" "$tmp/socket" unplug c
		refuses "a device for no slot" "behind=" "$tmp/socket" plug pci-testdev
		refuses "a root port" "--device" "$tmp/socket" plug root-port,behind=a
		refuses "what is no device" "nonsense" "$tmp/socket" plug nonsense,behind=a
		refuses "what is no command" "commands are" "$tmp/socket" eject
		occupied=$(list a)
		"$ctl" "$tmp/socket" unplug a || status=1
		refuses "the guest has been asked already" "force" "$tmp/socket" unplug a
		;;
	unplug-other)
		# The guest's driver has not turned the indicator off yet.
		until [ "$(list a)" = empty ] || ! [ -e "$tmp/socket" ]; do
			sleep 0.1
		done
		released=$(list a)
		"$ctl" "$tmp/socket" unplug b || status=1
		;;
	*)	echo "$line" ;;
	esac
done >"$tmp/log"
exec 3<&-
wait $guest
guest_status=$?

grep -E '^(ok|not ok|#) ?.*: one line that|^# kvpci-ctl' "$tmp/log"
grep -vE '^(ok|not ok) .*: one line that|^# kvpci-ctl' "$tmp/log" >/tmp/guest.log
guest_passed
guest_result $? "the guest's own tests"
guest_result $status "all that was to be plugged and unplugged was"
[ "$pulled" = "$rounds" ]
guest_result $? "and was pulled out $rounds times"
[ "$at_first" = "$at_last" ]
guest_result $? "the launcher has as many files open as after the first time: $at_first, $at_last"
[ "$occupied" = "0=1b36:1120" ] && [ "$released" = empty ]
guest_result $? "list says what there is: $occupied, $released"
guest_result $guest_status "the launcher ends with status 0, though something is still plugged"
[ ! -e "$tmp/socket" ]
guest_result $? "the socket is removed"
rm -rf "$tmp"
