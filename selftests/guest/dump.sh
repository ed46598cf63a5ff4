# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What Linux and pciutils find, for the host to compare; each line says what it is of.

. /lib.sh

lspci -nn | sed 's/^/functions: /'
lspci -nnvvv >/all
sed -n 's/^\t\(Capabilities:\)/capabilities: \1/p' /all
sed -n 's/^\t\(Region.*[^ ]\) *\[size=.*/ranges: \1/p' /all
echo "config: $(lspci -n -xxxx | md5sum)"
echo ready
