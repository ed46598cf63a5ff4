#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What serves a disk can do nothing but that: a program that is started in its place tries the rest,
# where the kernel may know more or less of it than that of the machine that has built it. It is
# root's, with one capability, or the image's owner's, without any. On the debug kernel, which has
# neither seccomp nor Landlock, it is started all the same, and gets what it tries.
#
# Depends on: kernel.

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

tmp=$(mktemp -d) || exit 1
number=0
said="it is confined$" meaning="can do nothing else"
[ -e /proc/sys/kernel/seccomp ] ||
	said="it gets through: " meaning="is started without what the kernel does not know"

# confined OWNER: what serves a disk is, if the image is OWNER's.
confined()
{
	truncate -s 1M "$tmp/disk"
	echo something >"$tmp/disk.other"
	chown "$1:$1" "$tmp" "$tmp/disk" "$tmp/disk.other"
	PATH=$tmp/bin:$PATH "$kvpci_run" --kernel "$here/tiny-kernel" --disk "$tmp/disk" \
		</dev/null >"$tmp/out" 2>&1
	number=$((number + 1))
	grep -q "qemu-storage-daemon ends at once: $said" "$tmp/out" || printf 'not '
	echo "ok $number what serves a disk of user $1 $meaning"
	sed 's/^/# /' "$tmp/out"
	rm -f "$tmp"/disk*
}

echo "KTAP version 1"
echo "1..2"

# Files there have what rules for files are about, as those of 9p do not.
mount -t tmpfs tmpfs "$tmp" || exit 1
mkdir "$tmp/bin"
cp "$here/escape" "$tmp/bin/qemu-storage-daemon"
confined 0
confined 12345
umount "$tmp"
rmdir "$tmp"
