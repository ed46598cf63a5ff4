# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A network device whose driver is a program: testpmd, of DPDK, which polls its queues and needs no
# interrupt. It answers ARP and pings. The host sends these when this asks for it, and says in a
# line how many were answered and what its end of the device has counted: packets to the guest, and
# from it. pairs=N on the command line says how many pairs of queues the device has. With iova=va
# it is behind an IOMMU, and reaches the program's memory where that has it; with iova=pa it is not.

. /lib.sh
. /virtio.sh

pairs=$(argument pairs)
iova=$(argument iova)
exec 4</dev/ttyS0

# give: the device, which is $function then, to programs.
give()
{
	case $iova in
	va)
		modprobe -a virtio_pci virtio_iommu
		give_to_programs "$(net_function)"
		;;
	pa)
		modprobe uio_pci_generic
		echo "1af4 1041" >/sys/bus/pci/drivers/uio_pci_generic/new_id
		function=$(basename /sys/bus/pci/drivers/uio_pci_generic/0000:*)
		[ -e /sys/class/uio/uio0 ]
		;;
	esac
}

# take_back: the kernel's own driver has it.
take_back()
{
	modprobe -a virtio_pci virtio_net
	case $iova in
	va)
		take_from_programs
		;;
	pa)
		echo "$function" >/sys/bus/pci/drivers/uio_pci_generic/unbind
		echo "$function" >/sys/bus/pci/drivers/virtio-pci/bind 2>/dev/null
		;;
	esac
}

# mapped: the lowest address by which the device reaches the program's memory.
mapped()
{
	testpmd "dump_physmem"
	sed -n 's/.*IOVA:\(0x[0-9a-f]*\), .*/\1/p' /answer | while read -r mapped_address; do
		echo $((mapped_address))
	done | sort -n | head -n 1
}

# translated: is it one where there is no memory? The guest has less than 4 GiB.
translated()
{
	translated_lowest=$(mapped)
	echo "# from $(printf '%#x' "$translated_lowest") on"
	[ "$translated_lowest" -ge $((1 << 32)) ]
}

case $iova in
va)	plan 20 ;;
pa)	plan 18 ;;
esac
check "the device is given to programs" give
echo 24 >/proc/sys/vm/nr_hugepages
mkdir -p /tmp /var/run /dev/hugepages
mount -t hugetlbfs none /dev/hugepages

# completed: how many commands testpmd has completed.
completed()
{
	grep -o 'testpmd>' /log | wc -l
}

# prompts COUNT: has it written so many prompts, or ended?
prompts()
{
	[ "$(completed)" -ge "$1" ] || ! kill -0 "$testpmd" 2>/dev/null
}

# start_testpmd: and wait for its first prompt.
start_testpmd()
{
	rm -f /commands
	mkfifo /commands
	: >/log
	# shellcheck disable=SC2094 # a FIFO that this holds open, too
	stdbuf -o L dpdk-testpmd --in-memory --no-telemetry "--iova-mode=$iova" -m 48 \
		--lcores '0@0,1@0' -a "$function" -- -i --rxq "$pairs" --txq "$pairs" \
		--nb-cores 1 --total-num-mbufs 4096 --forward-mode icmpecho --no-mlockall \
		<>/commands >/log 2>&1 &
	testpmd=$!
	wait_for prompts 1 && kill -0 "$testpmd"
}

# give_up: there is nobody to talk to.
give_up()
{
	sed 's/^/# /' /log
	poweroff -f
}

# testpmd COMMAND: what it answers is in /answer.
testpmd()
{
	testpmd_before=$(completed)
	testpmd_bytes=$(wc -c </log)
	echo "$1" >/commands
	wait_for prompts $((testpmd_before + 1))
	tail -c "+$((testpmd_bytes + 1))" /log >/answer
}

# quit: testpmd leaves the device.
quit()
{
	echo "quit" >/commands
	wait "$testpmd"
}

# statistic NAME: of the last answer.
statistic()
{
	sed -n "s/.*\<$1: *\([0-9]*\).*/\1/p" /answer
}

# link: what testpmd knows of it.
link()
{
	testpmd "show port info 0"
	sed -n 's/^Link status: *\([a-z]*\).*/\1/p' /answer
}

# traffic NAME: all pings are answered, and both sides have counted the same.
traffic()
{
	echo "traffic"
	read -r answered sent received <&4
	testpmd "show port stats 0"
	same "$1: all that the host sends is answered" all "$answered"
	same "$1: what the host has sent is what the driver has received" "$sent" \
		"$(statistic RX-packets)"
	same "$1: what the host has received is what the driver has sent" "$received" \
		"$(statistic TX-packets)"
}

# all_queues: has each queue been used?
all_queues()
{
	testpmd "show port xstats 0"
	for queues_direction in rx tx; do
		queues_n=0
		while [ $queues_n -lt "$pairs" ]; do
			[ "$(statistic "${queues_direction}_q${queues_n}_good_packets")" -gt 0 ] ||
				return 1
			queues_n=$((queues_n + 1))
		done
	done
}

check "testpmd starts" start_testpmd
kill -0 "$testpmd" || give_up
testpmd "start"
same "its link" "up" "$(link)"
traffic "the first time"
check "all queues are used" all_queues
[ "$iova" = pa ] || check "the device is told no address of memory's" translated

testpmd "stop"
testpmd "port stop 0"
same "the link of a port that is stopped" "down" "$(link)"
testpmd "port start 0"
same "and of one that is started again" "up" "$(link)"
testpmd "start"
traffic "again"
check "it ends" quit

check "another one starts" start_testpmd
kill -0 "$testpmd" || give_up
testpmd "start"
traffic "another driver"
quit

take_back
net_up
check "the kernel's driver takes it, and the other end answers" net_reach
[ "$iova" = pa ] || same "there was no fault" "" "$(dmesg | grep 'page fault')"
