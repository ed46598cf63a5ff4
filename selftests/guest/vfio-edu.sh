# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The device edu of QEMU's, which the host has given: its registers, DMA, and interrupts of either
# kind, which irqtest triggers. Sourced by vfio.sh, which has a plan of 13 for this.

function=$(given 00ff00)
place=${function#0000:00:}
folder=/sys/bus/pci/devices/$function

# computed: does the device compute and copy?
computed()
{
	setpci -s "$function" COMMAND=0006:0006
	[ "$(edu "$folder/resource0" factorial 10)" = 3628800 ] &&
		[ "$(edu "$folder/resource0" dma)" = same ]
}
check "it computes, and copies memory" computed
check "its BAR moves" moved "$function" 1048576
check "Linux finds it anew" rescan "$function"
check "and it computes and copies" computed

insmod /irqtest.ko
lspci -vv -s "$function" >/lspci
check "MSI is enabled" grep -q 'MSI: Enable+ ' /lspci
one_by_one "$place" 0
check "a burst of 1000 triggers" trigger "$folder/burst" "0 1000"
rmmod irqtest

insmod /irqtest.ko intx=1
lspci -vv -s "$function" >/lspci
check "MSI is disabled" grep -q 'MSI: Enable- ' /lspci
twice_at_most "$place"
check "a masked input of the I/O APIC" trigger "$folder/masked" 0
