#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest's disk on the host's vDPA: a process, qemu-storage-daemon, offers it to the host's
# kernel by VDUSE, and vhost-vdpa to the launcher. What the guest reads and writes is what is in the
# image on the host, whatever happens to the driver, to the guest, or to the process. Another process,
# vduse-refusing, has a device that refuses all features.
# Debian's kernel 6.12 has vDPA, 6.1 has none.
#
# Depends on: delivery.
# Needs: kernel 6.12.

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
scale=${KVPCI_TEST_SCALE:-1}
rounds=${KVPCI_TEST_ROUNDS:-$((scale < 7 ? 20 / scale : 3))}
mebibytes=$((scale < 16 ? 32 / scale + 1 : 4))
tmp=$(mktemp -d) || exit 1
. "$top/selftests/virtio-guest.sh"
. "$top/selftests/vdpa.sh"
PATH=$PATH:/usr/sbin:/sbin

if ! modprobe -a vduse vhost_vdpa; then
	echo "KTAP version 1"
	echo "1..0 # SKIP this kernel has no vDPA"
	exit
fi

# Data go both ways, by a file system.
try_disk()
{
	mkdir "$tmp/files"
	head -c "${mebibytes}M" /dev/urandom >"$tmp/files/data"
	sum <"$tmp/files/data" >"$tmp/files/sum"
	truncate -s $((mebibytes * 4 + 32))M "$tmp/disk"
	mke2fs -q -t ext4 -d "$tmp/files" "$tmp/disk"
	serve "disk$$"
	guest_result $? "the host offers a disk, $path"
	# shellcheck disable=SC2034 # boot_guest adds it to the command line
	append="bytes=$(((mebibytes * 4 + 32) * 1048576))"
	try_guest "power-off" boot_guest disk --kernel "$guest_kernel" --cpus 2 --vdpa "$path"
	unserve
	e2fsck -fn "$tmp/disk" >"$tmp/check" 2>&1
	guest_result $? "its file system is whole"
	for name in new direct; do
		wanted=$(debugfs -R "cat $name-sum" "$tmp/disk" 2>/dev/null)
		[ -n "$wanted" ] &&
			[ "$(debugfs -R "cat $name" "$tmp/disk" 2>/dev/null | sum)" = "$wanted" ]
		guest_result $? "the host finds in the image what the guest has written ($name)"
	done
}

# The driver comes and goes while it is busy.
try_rebind()
{
	plain=$(head -c 8M /dev/urandom | tee "$tmp/disk" | sum)
	truncate -s 8M "$tmp/disk"
	serve "disk$$"
	append="rounds=$rounds sum=$plain"
	try_guest "rebinding: power-off" boot_guest rebind --kernel "$guest_kernel" --cpus 2 \
		--vdpa "$path"
	[ "$(sum <"$tmp/disk")" = "$plain" ]
	guest_result $? "what is in the image is what should be"
}

# answered COMMANDS: has the process answered so many?
answered()
{
	[ "$(grep -cE '"(return|error)"' "$tmp/answers")" = "$1" ]
}

# enlarge LINE: if that asks for a larger disk, make it so, and tell the guest when that has been done.
enlarge()
{
	[ "$1" = resize ] || return
	enlarged=$((enlarged + 1))
	echo '{ "execute": "block_resize", "arguments": { "node-name": "disk", "size":' \
		"$(((1 + enlarged) * 8388608))" '} }' >"$tmp/monitor"
	await answered $((1 + enlarged))
	echo >&3
}

# The next guest, as after a reboot, has the same device, which becomes larger as it runs.
try_resize()
{
	append="sum=$plain end=reboot"
	enlarged=0
	echo '{ "execute": "qmp_capabilities" }' >"$tmp/monitor"
	try_guest "another guest, and a larger disk: reboot" converse resize enlarge --vdpa "$path"
	grep -q error "$tmp/answers" && sed 's/^/# /' "$tmp/answers"
	plain=$(sum <"$tmp/disk")
}

# Nobody gets to the disk, and nobody has anything to say about that.
try_refused()
{
	offer "refused$$" "$here/vduse-refusing" "refused$$"
	guest_result $? "the host offers a device, $path"
	append=
	try_guest "refused features: power-off" boot_guest refused --kernel "$guest_kernel" \
		--vdpa "$path"
	! grep kvpci-run: /tmp/guest.log
	guest_result $? "refused features: the launcher has nothing to say"
	unserve
}

# The process is killed while the guest runs. The kernel waits for what would answer in its place,
# for half a minute unless it is told otherwise.
try_kill()
{
	mkfifo "$tmp/in" "$tmp/out"
	"$kvpci_run" --kernel "$guest_kernel" --initrd "$guest_initrd" --vdpa "$path" \
		--mirror="${KVPCI_TEST_MIRROR:-on}" \
		--append "$guest_arguments test=halt how=kill sum=$plain" \
		<"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
	launcher=$!
	exec 3>"$tmp/in"
	sed -u 's/\r//g' <"$tmp/out" | while read -r line; do
		echo "$line"
		[ "$line" = kill ] || continue
		kill -KILL "$daemon"
		echo 1 >"/sys/class/vduse/$vdpa/msg_timeout"
		echo >&3
	done >/tmp/guest.log
	exec 3>&-
	wait $launcher
	kill_status=$?
	sed 's/^/# /' "$tmp/err"
	guest_passed
	guest_result $? "killed: the guest's own tests"
	guest_result $kill_status "killed: power-off ends the launcher with status 0"
	[ "$(grep -c "of no more use" "$tmp/err")" = 1 ] && [ "$(wc -l <"$tmp/err")" = 1 ]
	guest_result $? "killed: the launcher says so in one line"
}

try_misuse()
{
	refuses "a device without a name" 2 "--vdpa" --vdpa ""
	refuses "a device that is not there" 1 "load the module vhost_vdpa" --vdpa /nonexistent
	refuses "a file that is none" 2 "no vhost-vdpa device" --vdpa /dev/null
	# What the kernel has given up, as after a kill, keeps its name.
	serve "next$$"
	exec 4<>"$path"
	refuses "a device that is in use" 1 "in use" --vdpa "$path"
	exec 4<&-
	chmod 0 "$path"
	kvpci_run_all=$kvpci_run
	# Root without the right to open what it may not.
	kvpci_run=$tmp/run
	cat >"$kvpci_run" <<-END
	#!/bin/sh
	exec setpriv --bounding-set -dac_override -- "$kvpci_run_all" "\$@"
	END
	chmod +x "$kvpci_run"
	refuses "a device that may not be opened" 1 "may not be opened" --vdpa "$path"
	kvpci_run=$kvpci_run_all
	unserve
}

echo "KTAP version 1"
echo "1..23"

try_disk
try_rebind
try_resize
try_kill
vdpa dev del "$vdpa"
try_misuse
try_refused
rm -rf "$tmp"
