# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A network device that is behind an IOMMU is given to a program (reach) by vfio-pci: what does it
# reach? From when this says "flood", the other end sends packets all the time. rounds=N on the
# command line says how often what it writes to is unmapped. With kernel=1, the kernel's driver has
# the device first, whose other end is 192.0.2.1.

. /lib.sh
. /virtio.sh

kernel=$(argument kernel)
plan $((6 + 4 * ${kernel:-0}))

# echoed: what has been sent to the other end came back.
echoed()
{
	head -c 300000 /dev/urandom >/sent
	stream send tcp 192.0.2.1 5001 </sent >/back && cmp -s /sent /back
}

# faults_at ADDRESS ACCESS: is such a fault in the kernel's log?
faults_at()
{
	dmesg | grep -q "page fault from EP [0-9]* at $1 \\[$2\\]"
}

modprobe -a virtio_pci virtio_iommu
net=$(net_function)
if [ "$kernel" = 1 ]; then
	modprobe virtio_net
	check "the kernel has a driver for the device" wait_for net_up
	check "which takes addresses of the platform's" has_feature "$(virtio_device 1)" 33
	echo "up"
	check "the other end answers" net_reach
	check "what is sent to the other end comes back" echoed
fi
check "a program may have the device" give_to_programs "$net"
echo "flood"

reach fault "$function" "$group" >/reached
cat /reached
same "at addresses that are not mapped it reaches nothing" "sent 0 received 0 memory intact" \
	"$(head -n 1 /reached)"
same "it does when they are" "after that sent 1 received 1 memory changed" \
	"$(tail -n 1 /reached)"
check "its reads are told of" faults_at 0x300000000 R
check "and its writes" faults_at '0x[0-9a-f]*' W
rounds=$(argument rounds)
same "what has been unmapped is not written to any more" "$rounds rounds, 0 times changed" \
	"$(reach load "$function" "$group" "$rounds")"
