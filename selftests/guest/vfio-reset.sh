# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A network card of the host's, e1000e, behind a port, which the host can reset with its bus only.
# Its reset, and that of the bus that it is on here, each leave a register as it was in the
# beginning.

. /lib.sh
. /virtio.sh
. /vfio-lib.sh

plan 7

function=$(given 020000)
lspci -vv -s "$function" >/lspci
check "a function-level reset is offered" grep -q 'FLReset+' /lspci
modprobe e1000e
check "its driver has it" wait_for [ -e /sys/class/net/eth0 ]
drive "$function" e1000e unbind

# ring [VALUE]: its register with the address of a ring, which is written if there is a value.
ring()
{
	setpci -s "$function" COMMAND=0002:0002
	# shellcheck disable=SC2086 # a value or nothing
	devmem "$(printf '%#x' $(($(bar "$function" 0) + 0x2800)))" 32 $1
}

# reset_by METHOD
reset_by()
{
	echo "$1" >"/sys/bus/pci/devices/$function/reset_method" &&
		echo 1 >"/sys/bus/pci/devices/$function/reset"
}

for method in flr bus; do
	ring 0x12340
	[ "$(ring)" = 0x00012340 ] || echo "# it has no such register: $(ring)"
	check "$method: it is reset" reset_by $method
	same "$method: and the register with it" 0x00000000 "$(ring)"
done
check "its driver has it again" drive "$function" e1000e bind
