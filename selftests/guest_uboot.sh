#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# U-Boot, which has drivers of its own for virtio disks and network devices, that poll. It is
# Debian's image for a machine of QEMU's, started by scripts/u-boot-loader.S, and gives BARs places
# itself. It reads and writes a disk, and pings the host. Of capabilities for notifications it takes
# the first without a look at the BAR, so there are to be no ports; and it takes what is at 01.0 for
# a chip of that machine's.
#
# Depends on: host.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
tmp=$(mktemp -d) || exit 1

# What is typed, one line at each prompt. Half of the disk is written to the other half.
cat >"$tmp/commands" <<END
virtio scan
virtio info
virtio read 1000000 0 4000
crc32 1000000 800000
virtio write 1400000 0 2000
setenv ipaddr 192.0.2.2
ping 192.0.2.1
pci
reset
END

head -c 8M /dev/urandom >"$tmp/disk"
# What gzip ends with.
crc32=$(gzip -1 <"$tmp/disk" | tail -c 8 | od -An -tx4 -N4 | tr -d ' ')
tail -c 4M "$tmp/disk" >"$tmp/half"
modprobe -a tun vhost_net
busybox tunctl -t kvpci0 >/dev/null
busybox ip address add 192.0.2.1/24 dev kvpci0
busybox ip link set kvpci0 up
mkfifo "$tmp/in" "$tmp/out" "$tmp/lines"

echo "KTAP version 1"
echo "1..7"
"$kvpci_run" --kernel "$top/build/guests/u-boot" --stats \
	--mirror="${KVPCI_TEST_MIRROR:-on}" --disk "$tmp/disk,format=raw,addr=03.0,notify=mmio" \
	--net tap=kvpci0,addr=04.0,notify=mmio <"$tmp/in" >"$tmp/out" 2>&1 &
launcher=$!
exec 3>"$tmp/in" 4<"$tmp/commands"
# A prompt, "=> ", ends no line: so it does for us.
busybox tr '>\r' '\n ' <"$tmp/out" >"$tmp/lines" &
while read -r line; do
	echo "$line" >>"$tmp/log"
	case $line in
	# A key stops it from booting by itself.
	Net:*)	echo >&3 ;;
	=)	read -r command <&4 && echo "$command" >&3 ;;
	esac
done <"$tmp/lines"
exec 3>&-
wait $launcher
status=$?
cp "$tmp/log" /tmp/guest.log
sed 's/^/# /' "$tmp/log"

# said PATTERN NAME: a result.
said()
{
	grep -q "$1" "$tmp/log"
	guest_result $? "$2"
}

said "Capacity: 8.0 MB" "it finds the disk"
said "^ *$crc32 *$" "what it reads is what is there"
head -c 4M "$tmp/disk" | cmp - "$tmp/half"
guest_result $? "what it writes is what has been there"
said "host 192.0.2.1 is alive" "the host answers a ping"
said "0x1af4     0x1041     Network controller" "it lists the devices"
guest_result $status "its reset ends the launcher with status 0"
[ "$(guest_statistic 'exits pci')" = 0 ]
guest_result $? "no access to PCI came out to the launcher"
busybox ip link delete kvpci0
rm -rf "$tmp"
