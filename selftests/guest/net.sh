# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A network device that a test has connected to a tap, where its end is 192.0.2.1. pairs=N on the
# command line says how many pairs of queues it has, and offloads=N,N... by which features it leaves
# work to the other end, or that to it; doorbells=N in which BAR its doorbells are. With link=1, its
# link goes down and up as this asks for it, of which it tells the other end if it has a control queue,
# and with gone=1, the other end is deleted.

. /lib.sh
. /virtio.sh

pairs=$(argument pairs)
net=/sys/class/net/eth0

link=$(argument link)
gone=$(argument gone)
plan $((14 + (5 + (pairs > 1)) * ${link:-0} + ${gone:-0}))

modprobe virtio_pci
modprobe virtio_net

# echoed: what has been sent to the other end came back.
echoed()
{
	head -c 2000000 /dev/urandom >/sent
	stream send tcp 192.0.2.1 5001 </sent >/back && cmp -s /sent /back
}

# closed: all that was sent has arrived, and no connection is left but what waits for late packets.
closed()
{
	! awk 'NR > 1 && $4 != "0A" && $4 != "06"' /proc/net/tcp | grep -q .
}

# announced: does the other end know where it is? It has forgotten when the link went down, and has
# sent nothing since.
announced()
{
	ask "known?"
	[ "$answer" = yes ]
}

# Without that argument by either side, checksums and TCP over IPv4.
offloads=$(argument offloads)
offloads()
{
	for offloads_bit in $(echo "${offloads:-0,1,7,11}" | tr ',' ' '); do
		has_feature virtio0 "$offloads_bit" || return 1
	done
}

same "its address" 02:00:00:00:00:07 "$(cat $net/address)"
same "its MTU" 1400 "$(cat $net/mtu)"
same "its queues" $((2 * pairs)) "$(find $net/queues/ -name '?x-*' | wc -l)"
same "its driver takes the doorbells that are cheap" "$(argument doorbells)" \
	"$(lspci -vv -s "$(virtio_function virtio0)" |
		sed -n '/VirtIO: Notify/{n;s/.*BAR=\([0-5]\).*/\1/p;q}')"
check "it comes up" net_up
echo "up"
check "the other end answers" net_reach
check "2 MB to the other end and back are the same" echoed
check "the other end's connection is taken" stream echo tcp 5002
check "and closed when all has been sent" wait_for closed
if [ "$link" = 1 ]; then
	exec 4</dev/ttyS0
	check "its link is up" link_is 1
	ask "down"
	check "it goes down with that of the other end" wait_for link_is 0
	ask "again"
	check "and comes up" wait_for link_is 1
	[ "$pairs" = 1 ] || check "and announces itself" wait_for announced
	# That is bus master enable.
	setpci -s "$(virtio_function virtio0)" COMMAND=0:4
	check "nothing comes while it may not access memory" eval "! ping -c 2 -W 2 192.0.2.1"
	setpci -s "$(virtio_function virtio0)" COMMAND=4:4
	check "the other end answers when it may" net_reach
fi

check "it interrupts" [ "$(interrupts_of virtio0)" -gt 0 ]
check "checksums and segments are left to who can do them" offloads

echo virtio0 >/sys/bus/virtio/drivers/virtio_net/unbind
check "its driver lets it go" [ ! -e $net ]
echo virtio0 >/sys/bus/virtio/drivers/virtio_net/bind
net_up
check "and takes it again, and the other end answers" net_reach
same "the kernel log has no complaint" "" \
	"$(dmesg -r | grep -iE '^<[0-4]>.*(virtio|eth0)|virtio.*(fail|error)')"
if [ "$gone" = 1 ]; then
	ask "gone"
	check "its link is down when there is no other end any more" wait_for link_is 0
fi
