# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Devices that a process of this machine offers to its kernel by VDUSE, and vhost-vdpa to launchers.
# Sourced with $tmp set to a folder, on kernels that have vDPA.

# shellcheck disable=SC2154 # tmp is set by who sources this
mkfifo "$tmp/monitor"

# await COMMAND...: until it succeeds, if the process that serves the device lives.
await()
{
	until "$@" 2>/dev/null; do
		kill -0 "$daemon" || return 1
		sleep 0.1
	done
}

# offer NAME COMMAND...: run what offers a device of that name, which $path is then.
offer()
{
	vdpa=$1
	shift
	"$@" <>"$tmp/monitor" >"$tmp/answers" &
	daemon=$!
	await vdpa dev add name "$vdpa" mgmtdev vduse || return 1
	path=/dev/$(basename /sys/bus/vdpa/devices/"$vdpa"/vhost-vdpa-*)
	await [ -c "$path" ]
}

# serve NAME: have a process offer $tmp/disk. It takes commands from $tmp/monitor.
serve()
{
	offer "$1" qemu-storage-daemon --chardev stdio,id=stdio --monitor chardev=stdio \
		--blockdev driver=file,node-name=file,filename="$tmp/disk" \
		--blockdev driver=raw,node-name=disk,file=file \
		--export vduse-blk,id=d0,node-name=disk,name="$1",writable=on,num-queues=2
}

# unserve: end that process.
unserve()
{
	vdpa dev del "$vdpa"
	kill "$daemon"
	wait "$daemon"
}
