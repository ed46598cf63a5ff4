# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts here share. Sourced with $0 in scripts/; sets $top, the
# checkout, and $build, where everything that is made or fetched goes.

top=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
build=$top/build

say()
{
	printf '  %-8s%s\n' "$1" "$2"
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Seconds as minutes.
minutes()
{
	printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# Say something, with the minutes since $started, in seconds as date +%s has it.
announce()
{
	# shellcheck disable=SC2154 # set by who sources this, or before
	printf '[%s] %s\n' "$(minutes $(($(date +%s) - started)))" "$*"
}

# Quote the arguments so that a shell reads them back as they are.
quote()
{
	for quote_arg; do
		printf "'%s' " "$(printf '%s\n' "$quote_arg" | sed "s/'/'\\\\''/g")"
	done
}

# The release (as in uname -r) and the folder of kernel 6.1 or 6.12, fetched.
kernel_dir()
{
	printf '%s/kernel/%s\n' "$build" "$1"
}

kernel_release()
{
	cat "$build/kernel/$1/release"
}

# Hold a lock named $1 for the rest of the script: two builds in one checkout
# wait for each other instead of treading on each other's files.
lock()
{
	mkdir -p "$build"
	exec 9>"$build/.$1.lock"
	flock 9
}
