# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts for the host's own devices share, which guests are given. Sourced after lib.sh
# and virtio.sh.

# given CLASS: the function, such as 0000:00:02.0, of the first device of that class.
given()
{
	given_file=$(grep -l "^0x$1" /sys/bus/pci/devices/*/class | head -n 1)
	basename "${given_file%/class}"
}

# bar FUNCTION NUMBER: its address, as Linux has it.
bar()
{
	sed -n "$(($2 + 1))s/ .*//p" "/sys/bus/pci/devices/$1/resource"
}

# drive FUNCTION DRIVER bind|unbind
drive()
{
	echo "$1" >"/sys/bus/pci/drivers/$2/$3"
}

# rescan FUNCTION: Linux forgets it, and finds it again.
rescan()
{
	echo 1 >"/sys/bus/pci/devices/$1/remove" && [ ! -e "/sys/bus/pci/devices/$1" ] &&
		echo 1 >/sys/bus/pci/rescan && [ -e "/sys/bus/pci/devices/$1" ]
}

# moved FUNCTION SIZE: BAR 0, which has no driver and is of 32 bits or 64, decodes elsewhere when its
# register says so, where it has what it had before, at a place which had nothing.
moved()
{
	moved_from=$(($(bar "$1" 0))) moved_to=
	setpci -s "$1" COMMAND=0002:0002
	moved_value=$(mem32 $moved_from)
	# The next place that is free, of the same alignment.
	for moved_try in 1 2 3 4 5 6 7 8; do
		if [ "$(mem32 $((moved_from + moved_try * $2)))" = 0xFFFFFFFF ]; then
			moved_to=$((moved_from + moved_try * $2))
			break
		fi
	done
	[ -n "$moved_to" ] && [ "$moved_value" != 0xFFFFFFFF ] || return 1
	setpci -s "$1" "BASE_ADDRESS_0=$(printf %x $((moved_to & 0xffffffff)))"
	[ "$(mem32 $moved_to)" = "$moved_value" ] && [ "$(mem32 $moved_from)" = 0xFFFFFFFF ]
	moved_result=$?
	[ $moved_result = 0 ] ||
		echo "# $moved_value at $moved_from, $(mem32 $moved_to) at $moved_to"
	setpci -s "$1" "BASE_ADDRESS_0=$(printf %x $((moved_from & 0xffffffff)))"
	[ "$(mem32 $moved_from)" = "$moved_value" ] && return $moved_result
}
