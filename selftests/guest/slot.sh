# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What "make demo" shows of a device that is plugged into a slot and pulled out again: scripts/
# demo-inside does so when this asks for it.

. /lib.sh

card=/sys/bus/pci/devices/0000:01:00.0

# await COMMAND...: until the command succeeds, or a minute has passed.
await()
{
	await_n=0
	until "$@" || [ $await_n = 600 ]; do
		await_n=$((await_n + 1))
		usleep 100000
	done
}

insmod /irqtest.ko
echo
echo "=== guest: a root port, with nothing in its slot"
echo "# lspci -tnn"
lspci -tnn
echo "plug"
await [ -e $card/single ]
echo
echo "=== guest: something has been plugged in"
echo "# lspci -tnn"
lspci -tnn
trigger $card/single "0 100" && echo "its 100 interrupts came"
echo "unplug"
await [ ! -e $card ]
echo
echo "=== guest: the button was pressed, and what was there has been released"
echo "# lspci -tnn"
lspci -tnn
echo "# dmesg | grep pciehp"
dmesg | grep pciehp
[ -e $card ] || echo "the slot is empty again"
