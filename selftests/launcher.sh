#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What kvpci-run says, and with which exit status it ends, when it is used wrongly, when
# something is missing, and when the guest stops in one of the ways there are.
#
# Depends on: nothing.

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

tiny=$here/tiny-kernel
out=$(mktemp)
err=$(mktemp)
number=0
tries=5
[ "${KVPCI_TEST_SCALE:-1}" -lt 5 ] || tries=2

result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		head -c 2000 "$out" | sed 's/^/# stdout: /'
		sed 's/^/# stderr: /' "$err"
		echo "not ok $number $2"
	fi
}

run()
{
	timeout 600 "$kvpci_run" "$@" </dev/null >"$out" 2>"$err"
}

# refuses NAME STATUS TEXT OPTION...: ends with STATUS and one line that has TEXT.
refuses()
{
	refuses_name=$1 refuses_wanted=$2 refuses_text=$3
	shift 3
	run "$@"
	refuses_status=$?
	[ $refuses_status = "$refuses_wanted" ] && [ "$(wc -l <"$err")" = 1 ] &&
		[ ! -s "$out" ] && grep -qF -- "$refuses_text" "$err"
	refuses_result=$?
	[ $refuses_result = 0 ] || echo "# the status was $refuses_status"
	result $refuses_result "$refuses_name: status $refuses_wanted and one line"
}

# ends NAME STATUS WHAT [WRITES]: a guest that does WHAT ends it with STATUS at once: it does
# nothing after that, however often it is tried. Only WRITES may come out before, and no word of the
# launcher's.
ends()
{
	ends_left=$tries
	ends_result=0
	while [ $ends_left -gt 0 ] && [ $ends_result = 0 ]; do
		ends_left=$((ends_left - 1))
		run --kernel "$tiny" --cpus 2 --debug-exit --append "$3"
		ends_status=$?
		[ $ends_status = "$2" ] && [ ! -s "$err" ] && [ -z "$(tr -d "$4" <"$out")" ]
		ends_result=$?
	done
	[ $ends_result = 0 ] || echo "# the status was $ends_status"
	result $ends_result "$1 ends it with status $2, and the guest does nothing more"
}

echo "KTAP version 1"
echo "1..80"

run --help && grep -q '^Usage: kvpci-run' "$out" && [ ! -s "$err" ]
result $? "--help"
run --version && [ "$(wc -l <"$out")" = 1 ]
result $? "--version"

refuses "no kernel named" 2 "--kernel"
refuses "an unknown option" 2 "--help" --nonsense
refuses "an option without its value" 2 "--help" --kernel
refuses "something that is no option" 2 "--help" --kernel "$tiny" rest
refuses "a memory size that is none" 2 "--memory" --kernel "$tiny" --memory lots
refuses "too little memory" 2 "--memory" --kernel "$tiny" --memory 4K
refuses "no processors" 2 "--cpus" --kernel "$tiny" --cpus 0
refuses "an unknown device" 2 "--device" --kernel "$tiny" --device nonsense
refuses "an unknown key of a device" 2 "--device" --kernel "$tiny" --device id=1:2,a=b
refuses "a BAR of a size that is no power of two" 2 "power of two" --kernel "$tiny" \
	--device id=1b36:1100,bar0=mem32/5K
refuses "an I/O BAR that is too large" 2 "power of two" --kernel "$tiny" \
	--device id=1b36:1100,bar0=io/64K
refuses "registers beyond the end of a BAR" 2 "beyond" --kernel "$tiny" \
	--device id=1b36:1100,bar0=mem32/4K,regs=0@4K+4
refuses "registers behind a BAR that is not there" 2 "bar1" --kernel "$tiny" \
	--device id=1b36:1100,bar0=mem32/4K,regs=1@0+4
refuses "a 64-bit BAR in the last place" 2 "bar5" --kernel "$tiny" \
	--device id=1b36:1100,bar5=mem64/4K
refuses "a BAR in the upper half of another" 2 "bar1" --kernel "$tiny" \
	--device id=1b36:1100,bar0=mem64/4K,bar1=mem32/4K
refuses "a vendor ID that means absence" 2 "ffff" --kernel "$tiny" --device id=ffff:0001
refuses "a vector that is not there" 2 "has 4" --kernel "$tiny" \
	--device id=1b36:1100,bar0=mem32/4K,msix=4/table=0@0,regs=0@2K+4/trigger=msix:4
refuses "an address that is none" 2 "addr" --kernel "$tiny" \
	--device id=1b36:1100,addr=20.0

refuses "a network device with no other end" 2 "tap=" --kernel "$tiny" \
	--net mac=02:00:00:00:00:01
refuses "an address of several stations" 2 "mac=" --kernel "$tiny" \
	--net tap=kvpci0,mac=33:33:00:00:00:01
refuses "the host's number for a guest" 2 "--vsock" --kernel "$tiny" --vsock 2

refuses "a kernel that is not there" 1 "/nonexistent" --kernel /nonexistent
refuses "a kernel that is a folder" 1 "/tmp" --kernel /tmp
refuses "something to unpack that is no bzImage" 1 "no bzImage" --kernel "$tiny" --unpack
head -c 1M "$guest_image" >"$out.kernel"
refuses "a kernel to unpack that is truncated" 1 "truncated" --kernel "$out.kernel" --unpack
cp "$guest_image" "$out.kernel"
head -c 4096 /dev/zero | dd of="$out.kernel" bs=4096 seek=50 conv=notrunc status=none
refuses "a kernel to unpack that is damaged" 1 "damaged" --kernel "$out.kernel" --unpack
rm -f "$out.kernel"
refuses "more unpacked than fits" 1 "--memory" --kernel "$guest_image" --unpack --memory 16M
refuses "an initrd that is not there" 1 "/nonexistent" --kernel "$guest_kernel" \
	--initrd /nonexistent
refuses "a ROM that is not there" 1 "/nonexistent" --kernel "$tiny" \
	--device id=1b36:1100,rom=/nonexistent

refuses "a device of a host without an IOMMU" 1 "no IOMMU group" --kernel "$tiny" \
	--vfio 0000:00:00.0
refuses "a disk that is not there" 1 "/nonexistent" --kernel "$tiny" --disk /nonexistent
refuses "a disk that is a folder" 1 "is a directory" --kernel "$tiny" --disk /tmp
refuses "a disk of an unknown format" 2 "raw or qcow2" --kernel "$tiny" --disk a,format=vmdk
printf 'QFI\373' >"$out.disk"
refuses "a disk that looks like what it may not be" 1 "format=raw" --kernel "$tiny" \
	--disk "$out.disk"
truncate -s 0 "$out.disk"
refuses "a disk that is not what it is said to be" 1 "no qcow2 image" --kernel "$tiny" \
	--disk "$out.disk,format=qcow2"
refuses "a disk of no size" 1 "is empty" --kernel "$tiny" --disk "$out.disk"
qemu-img create -q -f qcow2 "$out.disk" 1M
truncate -s 100 "$out.disk"
refuses "a disk that has been cut off" 1 "the disk $out.disk: qemu-storage-daemon ends at once: " \
	--kernel "$tiny" --disk "$out.disk,format=qcow2"
rm "$out.disk"
truncate -s 1M "$out.disk"
refuses "a disk that is to be two" 1 "in use" --kernel "$tiny" --disk "$out.disk" \
	--disk "$out.disk"
# QEMU's own lock, which it has when it answers.
mkfifo "$out.in" "$out.said"
qemu-system-x86_64 -accel tcg -S -display none -nodefaults -monitor stdio \
	-drive "file=$out.disk,format=raw,if=virtio" <"$out.in" >"$out.said" 2>&1 &
qemu=$!
exec 3>"$out.in" 4<"$out.said"
echo "info block" >&3
sed '/raw/q' <&4 >/dev/null
refuses "a disk that QEMU uses" 1 "in use" --kernel "$tiny" --disk "$out.disk"
kill $qemu
exec 3>&- 4<&-
mkdir "$out.folder"
mount -t tmpfs tmpfs "$out.folder"
truncate -s 1M "$out.folder/disk"
mount -o remount,ro "$out.folder"
refuses "a disk that can't be written to" 1 "ro=on does without" --kernel "$tiny" \
	--disk "$out.folder/disk"
umount "$out.folder"
refuses "a daemon that is not there" 1 "cannot connect" --kernel "$tiny" \
	--disk vhost-user=/nonexistent
# A launcher that finds no programs.
printf '#!/bin/sh\nPATH=/nonexistent exec "%s" "$@"\n' "$kvpci_run" >"$out.launcher"
chmod +x "$out.launcher"
kvpci_run=$out.launcher
refuses "a disk without the program that serves it" 1 "install it" --kernel "$tiny" \
	--disk "$out.disk"
kvpci_run=$top/userspace/kvpci-run

# What the host may not have, or not enough of.
pool=/sys/kernel/mm/hugepages/hugepages-2048kB
refuses "huge pages where there are none" 1 "8 huge pages of 2M, and 0 are free: add 8" \
	--kernel "$tiny" --memory 16M --hugepages
echo 5 >$pool/nr_hugepages
refuses "too few huge pages" 1 "8 huge pages of 2M, and 5 are free: add 3" --kernel "$tiny" \
	--memory 16M --hugepages
echo 8 >$pool/nr_hugepages
run --kernel "$tiny" --memory 16M --hugepages --append p && [ "$(cat $pool/free_hugepages)" = 8 ]
result $? "as many as there have to be, and no more, are enough, and are given back"
echo +hugetlb >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/kvpci
echo 8M >/sys/fs/cgroup/kvpci/hugetlb.2MB.max
printf '#!/bin/sh\necho $$ >/sys/fs/cgroup/kvpci/cgroup.procs\nexec "%s" "$@"\n' "$kvpci_run" \
	>"$out.launcher"
kvpci_run=$out.launcher
refuses "huge pages that may not be had" 1 "raise the control group's limit" --kernel "$tiny" \
	--memory 16M --hugepages --numa-node 0
kvpci_run=$top/userspace/kvpci-run
[ "$(cat $pool/free_hugepages)" = 8 ]
result $? "none of them is kept"
rmdir /sys/fs/cgroup/kvpci
echo 0 >$pool/nr_hugepages
refuses "a NUMA node that is not there" 1 "no NUMA node 1023" --kernel "$tiny" --numa-node 1023
refuses "a CPU that is not there" 1 "the host's CPU 8191" --kernel "$tiny" --cpu-affinity 0=0,8191

refuses "capabilities that collide" 1 "at=" --kernel "$tiny" \
	--device id=1b36:1100,cap=09/length=16/at=0x80,msi=1/64bit/at=0x84

# What serves them may not be there.
rmmod vhost_vsock vhost_net tun 2>/dev/null
refuses "no module for taps" 1 "load the module tun" --kernel "$tiny" --net tap=kvpci0
modprobe tun
refuses "no module for network devices" 1 "load the module vhost_net" --kernel "$tiny" \
	--net tap=kvpci0
modprobe vhost_net
refuses "an interface that is no tap" 1 "ip tuntap add" --kernel "$tiny" --net tap=lo
refuses "a tap that is in use" 1 "in use" --kernel "$tiny" --net tap=kvpci0 --net tap=kvpci0
refuses "a tap of several queues that is in use" 1 "in use" --kernel "$tiny" \
	--net tap=kvpci0,queues=2 --net tap=kvpci0,queues=3
busybox tunctl -t kvpci0 >/dev/null
refuses "a tap with one queue for two pairs" 1 "multi_queue" --kernel "$tiny" \
	--net tap=kvpci0,queues=2
busybox ip link delete kvpci0
busybox tunctl -u 1 -t kvpci0 >/dev/null
printf '#!/bin/sh\nexec setpriv --reuid 2 --regid 2 --clear-groups "%s" "$@"\n' "$kvpci_run" \
	>"$out.launcher"
kvpci_run=$out.launcher
chmod a+rw /dev/kvm /dev/kvpci /dev/net/tun /dev/vhost-net
refuses "a tap that is another user's" 1 "not this user's" --kernel "$tiny" --net tap=kvpci0
kvpci_run=$top/userspace/kvpci-run
busybox ip link delete kvpci0
refuses "no module for sockets" 1 "load the module vhost_vsock" --kernel "$tiny" --vsock 42
modprobe vhost_vsock
refuses "a number that is in use" 1 "take another" --kernel "$tiny" --vsock 42 --vsock 42

# What is wrong with or without KVM is said first.
mv /dev/kvm /dev/kvm.away
echo "not a kernel" >"$out.kernel"
refuses "a kernel that is none" 1 "no kernel that can be booted" --kernel "$out.kernel"
truncate -s 16M "$out.initrd"
refuses "an initrd that does not fit" 1 "--memory" --kernel "$tiny" --memory 16M \
	--initrd "$out.initrd"
refuses "no /dev/kvm" 1 "KVM" --kernel "$tiny"
mv /dev/kvm.away /dev/kvm

rmmod kvpci
refuses "a module file that is not there" 1 "/nonexistent" --kernel "$tiny" \
	--module /nonexistent
mount -t tmpfs tmpfs "/lib/modules/$(uname -r)"
refuses "no module" 1 "kvpci" --kernel "$tiny"
umount "/lib/modules/$(uname -r)"

run --kernel "$tiny" --append p && [ -e /dev/kvpci ]
result $? "the module is loaded if it is not there"

run --kernel "$tiny" --append o && [ "$(tr -d '\r' <"$out")" = out ]
result $? "what a guest writes to its serial port comes out"
ends "power-off" 0 p
ends "reset through port 0xcf9" 0 r
ends "reset through the keyboard controller" 0 k
ends "debug exit" 7 d
ends "the first of two debug exits" 7 s
ends "power-off, while another processor writes," 0 1p .
ends "reset, while another processor writes," 0 1r .
ends "power-off by the second processor, while the first one writes," 0 2p .
ends "debug exit by the second processor, while the first one writes," 7 2d .
run --kernel "$tiny" --append t
[ $? = 1 ] && [ "$(wc -l <"$err")" = 1 ] && grep -q 'triple fault' "$err"
result $? "a triple fault ends it with status 1 and says so"

# One processor that writes without end. What serves a disk, as another user, and a directory is told
# by the kernel that the launcher is no more.
truncate -s 1M "$out.disk"
chown 12345:12345 "$out.disk"
mkfifo "$out.dots"
"$kvpci_run" --kernel "$tiny" --append 2 --disk "$out.disk" --share "/srv,tag=a" </dev/null \
	>"$out.dots" 2>"$err" &
launcher=$!
exec 4<"$out.dots"
head -c 1 <&4 >"$out"
daemons=$(ps -o pid= --ppid $launcher | xargs)
kill -KILL $launcher
wait $launcher 2>/dev/null
exec 4<&-
left=600
while ps -o stat= -p "$daemons" | grep -qv '^Z' && [ $left -gt 0 ]; do
	left=$((left - 1))
	sleep 0.1
done
[ "$(echo "$daemons" | wc -w)" = 2 ] && [ $left -gt 0 ]
result $? "what serves its devices ends with a launcher that is killed"

run --kernel "$tiny" --append m --device id=1b36:1100,addr=1.0,bar0=mem32/4K,regs=0@0+4/value=12345678/mirror
result $? "a guest may move what it reads any number of times without another exit"

rm -rf "$out" "$err" "$out".*
