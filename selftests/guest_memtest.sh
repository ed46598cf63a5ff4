#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# memtest86+, which is given nothing but a device: it is no Linux, and has the ports of
# configuration mechanism 1 all the same. Of the functions on bus 0 it looks for an SMBus
# controller, and by its registers lists memory modules. These are of one kind, as the
# register for data always has the same byte. It does not end by itself.
#
# Depends on: nothing.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..3"
"$kvpci_run" --kernel "$top/build/guests/memtest86+" --memory 32M --stats \
	--device id=1b36:1104,class=088000,addr=1f.0 \
	--device "id=8086:2930,class=0c0500,addr=1f.3,bar4=io/32,regs=4@0+2,regs=4@2+3,\
regs=4@5+1/ro/value=0b" </dev/null >/tmp/guest.raw 2>/tmp/guest.log &
launcher=$!
while ! grep -q 'Scroll Lock' /tmp/guest.raw && kill -0 $launcher 2>/dev/null; do
	sleep 0.2
done
kill $launcher
wait $launcher
status=$?
# It moves the cursor to the beginning of each line.
tr '\033' '\n' </tmp/guest.raw | sed 's/^\[[0-9;?]*[A-Za-z]//; s/ *$//' | grep . >>/tmp/guest.log
sed 's/^/# /' /tmp/guest.log
[ "$(grep -c 'Slot [0-7]: .* DDR3' /tmp/guest.log)" = 8 ]
guest_result $? "memtest86+ lists what the SMBus controller has"
[ $status = 143 ]
guest_result $? "it runs until it is ended"
[ "$(guest_statistic 'exits pci')" = 0 ]
guest_result $? "no access to PCI came out to the launcher"
