# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# An NVMe controller of the host's, a whole one or a virtual function. On its disk the host has put
# mebibytes=N of data whose checksum is sum=; their halves are written behind them, the other way
# round, where the host looks once the guest has ended. rounds=N says how often the driver comes
# and goes. Sourced by vfio.sh, which has a plan of 12 for this.

mebibytes=$(argument mebibytes)
sum=$(argument sum)
rounds=$(argument rounds)
disk=/dev/nvme0n1

check "modules are loaded" modprobe nvme
check "there is a disk" wait_for [ -b $disk ]
function=$(given 010802)
lspci -vv -s "$function" >/lspci
check "MSI-X is enabled" grep -q 'MSI-X: Enable+ .*Masked-' /lspci
check "the guest can make no virtual functions" \
	[ ! -e "/sys/bus/pci/devices/$function/sriov_numvfs" ]

# data_sum: of what the host has put there, past the cache.
data_sum()
{
	dd if=$disk bs=1M count="$mebibytes" iflag=direct 2>/dev/null | md5sum | cut -d ' ' -f 1
}

same "data come as the host has written them" "$sum" "$(data_sum)"

# copy KIBIBYTES FROM TO: a quarter of the data, in requests of that size. FROM and TO are quarters.
copy()
{
	copy_count=$((mebibytes * 256 / $1))
	dd if=$disk of=$disk bs=$(($1 * 1024)) count=$copy_count skip=$(($2 * copy_count)) \
		seek=$(($3 * copy_count)) iflag=direct oflag=direct conv=notrunc,fsync \
		2>/dev/null || echo "failed" >>/failed
}
copy 16 2 4 & copy 64 3 5 & copy 256 0 6 & copy 1024 1 7 &
wait
check "and are written, in requests of four sizes at a time" [ ! -e /failed ]
same "what is written comes back" "$sum" "$({
		dd if=$disk bs=1M skip=$((mebibytes * 3 / 2)) count=$((mebibytes / 2)) iflag=direct
		dd if=$disk bs=1M skip="$mebibytes" count=$((mebibytes / 2)) iflag=direct
	} 2>/dev/null | md5sum | cut -d ' ' -f 1)"
interrupts=$(interrupts_named nvme0q)
echo "# $interrupts interrupts"
check "interrupts came for that" [ "$interrupts" -ge $((2 * mebibytes)) ]

# few: a piece of the data, to see that the disk is there.
few()
{
	dd if=$disk bs=64k count=4 iflag=direct 2>/dev/null | md5sum | cut -d ' ' -f 1
}
before=$(few)

round()
{
	drive "$function" nvme unbind && [ ! -e /sys/block/nvme0n1 ] &&
		drive "$function" nvme bind && wait_for [ -b $disk ] && [ "$(few)" = "$before" ]
}
done=0
while [ $done -lt "$rounds" ] && round; do
	done=$((done + 1))
done
same "the driver goes and comes back" "$rounds" $done

echo flr >"/sys/bus/pci/devices/$function/reset_method"
check "the function is reset while its driver has it" \
	sh -c "echo 1 >/sys/bus/pci/devices/$function/reset"
same "and works" "$before" "$(few)"

# configuration: of the controller, the register CC. Linux leaves it enabled when it has shut it down.
configuration()
{
	setpci -s "$function" COMMAND=0002:0002
	mem32 $(($(bar "$function" 0) + 0x14))
}

# at_rest: is a controller that Linux has set up as it was in the beginning, once it has been reset?
at_rest()
{
	at_rest_before=$(configuration)
	echo 1 >"/sys/bus/pci/devices/$function/reset"
	at_rest_after=$(configuration)
	echo "# configuration: $at_rest_before, $at_rest_after"
	[ $((at_rest_before & 1)) = 1 ] && [ "$at_rest_after" = 0x00000000 ]
}
drive "$function" nvme unbind
check "a reset reaches the device" at_rest

# Linux has a driver for what it finds.
elsewhere()
{
	moved "$function" 16384 && rescan "$function" &&
		wait_for [ -b $disk ] && [ "$(few)" = "$before" ]
}
check "BAR 0 moves, and Linux finds the function anew" elsewhere
