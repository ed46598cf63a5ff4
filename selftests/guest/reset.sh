# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A disk is reset behind its driver's back while it is busy: by 0 in device_status, as a kernel does
# that begins after a crash. Then the device does nothing any more: requests that it had
# stay there. The guest, which must have iomem=relaxed on its command line, lives on without it.

. /lib.sh
. /virtio.sh

plan 5
modprobe -a virtio_pci virtio_blk
wait_for [ -b /dev/vda ]
disk=$(virtio_device 2)
status=$(common_field "$(virtio_function "$disk")" 20)

same "the driver has set up the device" 15 $(($(devmem "$status" 8)))
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
devmem "$status" 8 0
is_reset()
{
	[ $(($(devmem "$status" 8))) = 0 ]
}
check "device_status is 0 after a reset" wait_for is_reset
# An interrupt that was on its way may have come yet.
usleep 100000
before=$(interrupts_of "$disk")
sleep 2
same "no interrupt comes any more" "$before" "$(interrupts_of "$disk")"
same "the registers of its queue are as after a start" 0 \
	$(($(devmem "$(common_field "$(virtio_function "$disk")" 28)" 16)))

# Requests that nobody will complete are not waited for.
poweroff -n -f
