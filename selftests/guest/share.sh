# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A directory that guest_share.sh shares by the tag "files". It changes a file, or kills what serves
# the directory, when this asks for it. how=kill has that and no more; and how=again, in which it is
# stopped for a while before that, and another takes its place.

. /lib.sh
. /virtio.sh

how=$(argument how)
exec 4</dev/ttyS0
case $how in
kill)	plan 5 ;;
again)	plan 10 ;;
*)	plan 9 ;;
esac

modprobe -a virtio_pci virtiofs virtio_blk
mkdir /mnt
check "it is mounted" mount -t virtiofs files /mnt
same "a file is as the host made it" "$(cat /mnt/data-sum)" "$(sum_of /mnt/data)"

# refused COMMAND...
refused()
{
	! "$@" 2>/dev/null
}

# Nobody has answered, not even that nobody will.
unanswered()
{
	[ ! -e /read ]
}

if [ "$how" = kill ]; then
	ask "kill"
	# What nobody answers is not waited for.
	{ sum_of /mnt/new >/read.new && mv /read.new /read; } 2>/dev/null &
	check "the device wants to be reset" wait_for needs_reset virtio0
	sleep 2
	check "what nobody serves is not there" unanswered
	is_alive "$(virtio_function virtio0)"
	poweroff -n -f
fi

# rewrite: what is read from the directory is written to it, and is there in the end.
rewrite()
{
	dd if=/mnt/new of=/mnt/written bs=64k conv=fsync 2>/dev/null && cmp /mnt/new /mnt/written
}

if [ "$how" = again ]; then
	held_up "$(virtio_function "$(virtio_device 26)")" rewrite
	ask again
	# The next one knows nothing of what the one before had been told, and says so.
	check "what the guest had mounted is no more" wait_for refused cat /mnt/changing
	check "it is unmounted" umount /mnt
	check "and mounted again" mount -t virtiofs files /mnt
	same "a file is as the host made it" "$(cat /mnt/data-sum)" "$(sum_of /mnt/data)"
	umount /mnt
	exit
fi

same "a file that the host changes" "before" "$(cat /mnt/changing)"
ask "change"
check "is seen as it has become" wait_for grep -qx after /mnt/changing

head -c 1000000 /dev/urandom >/new
check "a file is written" dd if=/new of=/mnt/new bs=64k conv=fsync
sum_of /new >/mnt/new-sum
mkdir -m 777 /mnt/folder
mkdir -p /etc
echo "user:x:1000:1000::/:/bin/sh" >/etc/passwd
check "another user writes, too" su user -c "touch /mnt/folder/other"
check "there are no device nodes" refused mknod /mnt/node c 1 3
same "what it has read is what the host has" "$(cat /mnt/data-sum)" \
	"$(drop_caches; sum_of /mnt/data)"
check "it is unmounted" umount /mnt
