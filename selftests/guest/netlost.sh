# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A network device whose other end guest_vhost_user.sh kills when this asks for it. With how=again it
# is stopped and goes on before that, and comes back after it, when this asks for that.

. /lib.sh
. /virtio.sh

exec 4</dev/ttyS0
how=$(argument how)
case $how in
again)	plan 11 ;;
*)	plan 5 ;;
esac

modprobe -a virtio_pci virtio_net virtio_blk
net_up
echo "up"
check "the other end answers" net_reach

# Packets that nobody takes stay where they are, and are answered later; so does a connection that is
# made meanwhile.
talk()
{
	ping -c 3 -W 600 192.0.2.1 >/pings &
	head -c 500000 /dev/urandom >/sent
	stream send tcp 192.0.2.1 5001 </sent >/back
	wait $!
	grep ' packet loss' /pings | sed 's/^/# /'
	cmp /sent /back && grep -q '3 packets received, 0% packet loss' /pings
}

if [ "$how" = again ]; then
	held_up "$(net_function)" talk
	# Packets are under way when it goes, and when it comes.
	ping -A -s 1000 192.0.2.1 >/dev/null 2>&1 &
	ask "go"
	check "the link is down" wait_for link_is 0
	ask "come"
	check "and up" wait_for link_is 1
	check "it does again" net_reach
	head -c 2000000 /dev/urandom >/sent
	stream send tcp 192.0.2.1 5001 </sent >/back
	same "and what is sent to it comes back as it was" "$(sum_of /sent)" "$(sum_of /back)"
	kill $!
	echo virtio0 >/sys/bus/virtio/drivers/virtio_net/unbind
	echo virtio0 >/sys/bus/virtio/drivers/virtio_net/bind
	net_up
	check "and to a driver that comes after that" net_reach
	same "the kernel log has no complaint" "" \
		"$(dmesg -r | grep -iE '^<[0-4]>.*(virtio|eth0)|virtio.*(fail|error)')"
	net_silent
	exit
fi
ask "kill"
check "it does not any more" eval "! ping -c 2 -W 2 192.0.2.1"
check "the device wants to be reset" wait_for needs_reset virtio0
# As the driver does, which would wait for it without end.
check "a queue can be reset" reset_queue "$(virtio_function virtio0)" 0
is_alive "$(virtio_function virtio0)"
