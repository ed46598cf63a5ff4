# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A disk whose vector is changed behind its driver's back while it is busy, of which queues are notified
# of that it does not have, and which is then reset: by 0 in device_status, as a kernel does that
# begins after a crash. Then the device does nothing any more: requests stay there. The guest, which
# must have iomem=relaxed on its command line, lives on without it, and uses the device by the window
# in configuration space, as firmware may.

. /lib.sh
. /virtio.sh

plan 11
modprobe -a virtio_pci virtio_blk
wait_for [ -b /dev/vda ]
disk=$(virtio_device 2)
function=$(virtio_function "$disk")
status=$(common_field "$function" 20)

same "the driver has set up the device" 15 $(($(devmem "$status" 8)))
dd if=/dev/vda of=/piece bs=4k count=1 2>/dev/null
reader()
{
	while dd if=/dev/vda of=/dev/null bs="$1" iflag=direct; do :; done 2>/dev/null
}
reader 4k & reader 16k & reader 64k & reader 256k &
busy()
{
	[ "$(interrupts_of "$disk")" -gt 20 ]
}
check "the disk is busy" wait_for busy
# Vector 0 is that of configuration changes, whose handler does not look at the queue: what is completed
# meanwhile is told of when the vector is changed back.
vector=$(common_field "$function" 26)
for n in $(seq 10); do
	devmem "$vector" 16 0
	usleep $((n * 5000))
	devmem "$vector" 16 1
done
before=$(interrupts_of "$disk")
goes_on()
{
	[ "$(interrupts_of "$disk")" -gt $((before + 20)) ]
}
check "no interrupt is lost when its queue gets another vector" wait_for goes_on
# Behind the notifications of its queue, and by the window as well.
find_window "$function"
notify=$(($(common_field "$function" 0) - 0x$common_offset + 0x3000))
for n in $(seq 100); do
	devmem $((notify + 4 * n)) 16 "$n"
done
by_window "$function" $((0x3004 - 0x$common_offset)) 2 1
before=$(interrupts_of "$disk")
check "queues that are not there may be notified of" wait_for goes_on
devmem "$status" 8 0
is_reset()
{
	[ $(($(devmem "$status" 8))) = 0 ]
}
check "device_status is 0 after a reset" wait_for is_reset
# What the device had before that may be completed late, but not what it gets now: a write, which
# nobody else does, of what is there.
{ dd if=/piece of=/dev/vda bs=4k conv=notrunc,fsync 2>/dev/null; echo written >/done; } &
begun()
{
	read -r _ writes </sys/block/vda/inflight
	[ "$writes" -gt 0 ] || [ -e /done ]
}
check "the driver gives it another request" wait_for begun
sleep 2
check "which is not completed" [ ! -e /done ]
same "the registers of its queue are as after a start" 0 \
	$(($(devmem "$(common_field "$function" 28)" 16)))

# Of a driver that accepts no feature.
by_window "$function" 20 1 03
by_window "$function" 20 1 0b
same "by the window, features without VIRTIO_F_VERSION_1 are not accepted (6.1)" 03 \
	"$(by_window "$function" 20 1)"
by_window "$function" 8 4 1
by_window "$function" 12 4 1
by_window "$function" 20 1 0b
same "they are with it" 0b "$(by_window "$function" 20 1)"
same "which is what is read without the window" 11 $(($(devmem "$status" 8)))

# Requests that nobody will complete are not waited for.
poweroff -n -f
