#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What "make demo" shows of Debian on a disk: systemd runs it there, see scripts/guest-image. The
# host looks at what is left in /root once the guest has ended. With peer=ADDRESS on the kernel's
# command line that is pinged.

say()
{
	printf '\n=== guest: %s\n' "$*"
}

run()
{
	printf '# %s\n' "$*"
	"$@"
}

peer=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^peer=//p')

say "$(. /etc/os-release && echo "$PRETTY_NAME"), by systemd, $(cut -d ' ' -f 1 /proc/uptime) seconds after the kernel began"
run findmnt /
run cat /sys/block/vda/device/uevent
run df -h /

say "8 MiB are written to a file on the disk"
head -c 8388608 /dev/urandom >/root/written
sha256sum </root/written >/root/written.sum
run cat /root/written.sum

if [ -n "$peer" ]; then
	say "the network"
	waited=0
	until ip -4 -br address show scope global | grep -q . || [ $waited = 600 ]; do
		waited=$((waited + 1))
		sleep 0.1
	done
	run ip -br address
	run ping -c 3 "$peer" && echo "the host answers"
fi

say "interrupts of virtio devices"
grep -E 'CPU0|virtio' /proc/interrupts
dmesg >/root/dmesg
say "power-off"
