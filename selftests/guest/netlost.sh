# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A network device whose other end guest_vhost_user.sh kills when this asks for it.

. /lib.sh
. /virtio.sh

exec 4</dev/ttyS0
plan 5

modprobe -a virtio_pci virtio_net
net_up
echo "up"
check "the other end answers" net_reach
ask "kill"
check "it does not any more" eval "! ping -c 2 -W 2 192.0.2.1"
check "the device wants to be reset" wait_for needs_reset virtio0
# As the driver does, which would wait for it without end.
check "a queue can be reset" reset_queue "$(virtio_function virtio0)" 0
same "the guest lives on, and so does configuration space" 0x1af4 \
	"0x$(setpci -s "$(virtio_function virtio0)" VENDOR_ID)"
