#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The virtual machine monitor of Documentation/example-vmm.c, built with libkvpci as it is
# installed: with the shared library and with the static one. And it is as short as is said.
#
# Depends on: kernel, delivery.

here=$(cd "$(dirname "$0")" && pwd -P)
number=0

result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
	fi
}

# What the guest has: the device's IDs, a register that it has written, one that was
# completed, and vector 0x40 among the interrupts that wait.
expected="56781234 1234abcd 00c0de20 00000001 "

# runs PROGRAM WHAT
runs()
{
	runs_output=$(timeout 120 "$here/$1")
	runs_result=$?
	runs_output=$(echo "$runs_output" | tr '\n' ' ')
	[ "$runs_output" = "$expected" ] || runs_result=1
	[ $runs_result = 0 ] || echo "# $runs_output"
	result $runs_result "$2"
}

modprobe kvpci || exit 1
echo "KTAP version 1"
echo "1..3"
runs example-vmm "a VMM with the shared library"
runs example-vmm-static "a VMM with the static library"
[ "$(wc -l <"$here/example-vmm.c")" -lt 150 ]
result $? "it has less than 150 lines"
