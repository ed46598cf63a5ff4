# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# guests.sh, sourced by what boots Linux guests in the host VM: wait for a guest, and notice
# one that the emulated processor has lost (Documentation/testing.rst).
#
# A guest that lives exits for its timer if for nothing else. One that is lost has no exits
# but for the host's own interrupts, or is halted for ever. The clock counts instructions and
# leaps while nothing is to be done, as when a file is waited for: so what counts is the
# processor's time that the launcher has used meanwhile, and if it has used none, very many
# looks.

counters=/sys/kernel/debug/kvm

# Without an exit: hundredths of a second of the processor, in which a kernel that unpacks itself has
# several for memory; a look is one of the clock. Where somebody polls, so that the clock does not
# leap, fewer looks will do.
patience_running=150
patience_halted=1000

# guest_looks LAUNCHER: has the guest made progress since the last look, or may it yet? $stands
# is how many looks it has not; -1 before the first.
guest_looks()
{
	read -r exits <$counters/exits
	read -r interrupts <$counters/irq_exits
	read -r used 2>/dev/null <"/proc/$1/stat" || return 0
	# User's and system's time are the 12th and 13th field behind the name.
	# shellcheck disable=SC2086 # words
	set -- ${used##*)}
	shift 11
	used=$(($1 + $2))
	if [ "$stands" -lt 0 ] || [ $((exits - interrupts)) != "$exits_then" ]; then
		stands=0
		exits_then=$((exits - interrupts))
		used_then=$used
		return 0
	fi
	stands=$((stands + 1))
	# It has not run yet: what the launcher does until then is work.
	[ "$exits" != 0 ] || used_then=$used
	[ $((used - used_then)) -lt $patience_running ] && [ $stands -lt $patience_halted ]
}

# await_guest LAUNCHER CONDITION...: wait until the launcher, a process in the background, has
# ended or CONDITION is true. Fails, and kills it, if its guest is lost.
await_guest()
{
	awaited=$1
	shift
	stands=-1
	while kill -0 "$awaited" 2>/dev/null && ! "$@"; do
		sleep 1
		guest_looks "$awaited" && continue
		kill -KILL "$awaited"
		return 1
	done
}

# until_not_lost WHAT COMMAND...: have COMMAND boot a guest, and again if that was lost. Fails if
# it was lost each time.
until_not_lost()
{
	attempted=$1
	shift
	# shellcheck disable=SC2034 # for who calls this to tell
	for attempt in 1 2 3; do
		"$@" && return
		echo "again $attempted"
	done
	return 1
}
