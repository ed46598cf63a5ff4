# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The device edu, which has no driver, and whose registers raise and lower its pin.

. /lib.sh
. /vfio-lib.sh

edu=0000:00:03.0

# set_pin 0x60|0x64: have edu raise its pin, or lower it.
set_pin()
{
	devmem "$(printf '%#x' $(($(bar $edu 0) + $1)))" 32 1
	usleep 300000
}

# pin_is VALUE: is the interrupt status bit?
pin_is()
{
	[ $(((0x$(setpci -s $edu STATUS) >> 3) & 1)) = "$1" ]
}

plan 3

setpci -s $edu COMMAND=0402:0402
set_pin 0x60
set_pin 0x64
check "a pin that went while INTx was disabled is low" pin_is 0
set_pin 0x60
setpci -s $edu COMMAND=0000:0400
usleep 300000
check "one that is high is seen when INTx is enabled" pin_is 1
set_pin 0x64
setpci -s $edu COMMAND=0400:0400
check "and low when it is disabled again" pin_is 0
