# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the Linux guest that has an nvme controller does: see inside. requests=N on the kernel's
# command line says how often it reads.

# shellcheck source=../../selftests/guest/lib.sh
. /lib.sh
# shellcheck source=../../selftests/guest/virtio.sh
. /virtio.sh

modprobe nvme
wait_for [ -b /dev/nvme0n1 ]
stty -F /dev/ttyS0 -echo
measure read /dev/nvme0n1 4096 "$(argument requests)" </dev/ttyS0
