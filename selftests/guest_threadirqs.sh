#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest that handles interrupts in threads, as those with PREEMPT_RT do.
#
# Depends on: nothing.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..2"
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append=threadirqs
try_interrupts "threadirqs" threadirqs
