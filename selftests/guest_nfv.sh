#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A guest as hosts of network functions run it: its memory is of huge pages from one NUMA node, its
# processors are pinned, a daemon and vhost-net reach its memory. /proc tells that it is so, and the
# guest that it works. When it has ended, all pages are back, although the daemon is still there.
#
# Depends on: processors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
pool=/sys/kernel/mm/hugepages/hugepages-2048kB
pages=128
tmp=$(mktemp -d) || exit 1
PATH=$PATH:/usr/sbin:/sbin

free_pages()
{
	cat $pool/free_hugepages
}

# thread_cpus LAUNCHER NAME: which CPUs its thread of that name may run on.
thread_cpus()
{
	for cpus_task in "/proc/$1/task"/*; do
		if [ "$(cat "$cpus_task/comm")" = "$2" ]; then
			sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$cpus_task/status"
		fi
	done
}

# page_sizes LAUNCHER: of each mapping of the guest's memory, in kB.
page_sizes()
{
	awk '/^[0-9a-f]+-[0-9a-f]+ / { ours = /kvpci guest memory/ }
		ours && $1 == "KernelPageSize:" { print $2 }' "/proc/$1/smaps"
}

# look LAUNCHER: what the host's kernel says of it.
look()
{
	same "the launcher's first thread stays where it was started" 0 \
		"$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$1/status")"
	same "processor 0 may run on the one CPU that it was given" 1 "$(thread_cpus "$1" vcpu0)"
	same "processor 1 on its two" 0-1 "$(thread_cpus "$1" vcpu1)"
	# They are the launcher's on some kernels, and processes on others.
	look_vhost=$(pgrep -xw "vhost-$1")
	[ -n "$look_vhost" ] && taskset -cp 1 "${look_vhost%% *}" >/dev/null &&
		grep -q '^Cpus_allowed_list:[[:space:]]*1$' "/proc/${look_vhost%% *}/status"
	guest_result $? "vhost's thread is found by its name, and can be pinned"
	same "all memory of the guest is one mapping of huge pages" 2048 "$(page_sizes "$1")"
	same "it is bound to node 0, and all of it is there" "bind:0 N0=$pages" \
		"$(awk '/kvpci\\040guest\\040memory/ { printf "%s", $2
			for (i = 3; i <= NF; i++)
				if ($i ~ /^N[0-9]+=/)
					printf " %s", $i }' "/proc/$1/numa_maps")"
	same "the pool has no page left" 0 "$(free_pages)"
}

# answer LINE: of a guest that asks for something.
answer()
{
	case $1 in
	up)	net_address kvpci0 ;;
	look)	look $launcher
		looked=1
		echo >&3
		;;
	esac
}

# start_daemon: what serves the disk, and listens when this returns.
start_daemon()
{
	qemu-storage-daemon --blockdev "driver=file,node-name=f,filename=$tmp/disk" \
		--blockdev driver=raw,node-name=d,file=f \
		--export "type=vhost-user-blk,id=e,node-name=d,writable=on,addr.type=unix,addr.path=$tmp/socket" &
	daemon=$!
	until [ -S "$tmp/socket" ]; do
		kill -0 $daemon || break
		sleep 0.1
	done
}

# await_pages: until all are back, unless nothing happens for minutes. The daemon does not say when
# it has let go of them.
await_pages()
{
	await_left=1200
	until [ "$(free_pages)" = $pages ]; do
		await_left=$((await_left - 1))
		[ $await_left != 0 ] || return
		sleep 0.1
	done
}

# A guest with all of it, started on the other CPU.
try_nfv()
{
	head -c 8M /dev/urandom >"$tmp/disk"
	start_daemon
	append="sum=$(sum <"$tmp/disk")"
	launch_with="taskset -c 0"
	looked=
	converse devices answer --memory $((2 * pages))M --hugepages --numa-node 0 --cpus 2 \
		--cpu-affinity 0=1,1=0-1 --disk "vhost-user=$tmp/socket" --net tap=kvpci0
	nfv_status=$?
	launch_with=
	guest_passed
	guest_result $? "the guest's own tests"
	[ $nfv_status = 0 ] && [ -n "$looked" ]
	guest_result $? "it was looked at, and power-off ends the launcher with status 0"
	await_pages
	kill -0 $daemon && same "all pages are back" $pages "$(free_pages)"
	kill $daemon
	wait $daemon
}

# Ordinary memory may be bound, too. Nothing is waited for: the guest runs until it is killed.
try_ordinary()
{
	"$kvpci_run" --kernel "$guest_kernel" --initrd "$guest_initrd" --memory 128M --numa-node 0 \
		--append "$guest_arguments end=sleep" </dev/null >/dev/null 2>&1 &
	ordinary_launcher=$!
	until [ -n "$(thread_cpus $ordinary_launcher vcpu0)" ]; do
		kill -0 $ordinary_launcher || break
		sleep 0.1
	done
	grep -q '^[0-9a-f]* bind:0 anon=' "/proc/$ordinary_launcher/numa_maps"
	guest_result $? "ordinary memory is bound to node 0, too"
	kill $ordinary_launcher
	wait $ordinary_launcher
}

# A CPU that there is and that the control group leaves out, beside one that may be used.
try_left_out()
{
	echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p /sys/fs/cgroup/kvpci
	echo 0 >/sys/fs/cgroup/kvpci/cpuset.cpus
	# shellcheck disable=SC2016 # the shell that is started expands it
	sh -c 'echo $$ >/sys/fs/cgroup/kvpci/cgroup.procs && exec "$@"' sh "$kvpci_run" \
		--kernel "$guest_kernel" --cpu-affinity 0=0-1 >"$tmp/out" 2>"$tmp/err"
	out_status=$?
	[ $out_status = 1 ] && grep -q "can't have the host's CPU 1" "$tmp/err"
	out_result=$?
	[ $out_result = 0 ] || sed "s/^/# $out_status: /" "$tmp/err"
	guest_result $out_result "a CPU that the control group leaves out is refused"
	rmdir /sys/fs/cgroup/kvpci
}

modprobe -a tun vhost_net
busybox tunctl -t kvpci0 >/dev/null

echo "KTAP version 1"
echo "1..13"

echo $pages >$pool/nr_hugepages
same "the host has $pages huge pages" $pages "$(free_pages)"
try_nfv
try_ordinary
try_left_out

echo 0 >$pool/nr_hugepages
busybox ip link delete kvpci0
rm -rf "$tmp"
