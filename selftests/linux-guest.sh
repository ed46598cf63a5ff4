# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Booting guests with kvpci-run, for the tests written in shell and for the
# demo. Sourced with $top set to the checkout.
#
# The Linux guest is Debian's 6.1 kernel with the userspace that scripts/guest-initrd
# makes, in which test=NAME runs selftests/guest/NAME.sh.

# shellcheck disable=SC2154 # top is set by who sources this
kvpci_run=$top/userspace/kvpci-run
# Most guests start the ELF file that is in Debian's image: there is nothing to decompress.
# shellcheck disable=SC2034 # for who sources this
guest_image=$top/build/kernel/6.1/vmlinuz
# shellcheck disable=SC2034 # for who sources this
guest_kernel=$top/build/guest/vmlinux
guest_initrd=$top/build/guest/initrd
# What sends streams of bytes to them, and back, by TCP or sockets of vsock's.
# shellcheck disable=SC2034 # for who sources this
stream=$top/build/guest/stream
# What all have on their command line. The kernel's tests of its ciphers take as long as all
# the rest of its boot. A search of 256 buses by ports, twice, for what came with AMD's first 64-bit
# processors, for one of which it takes the emulated one, was half of all exits; and a third, for
# guests with one processor, that 8000 instructions of theirs lose the prefix that locks the bus.
guest_arguments="console=ttyS0 quiet cryptomgr.notests noreplace-smp pci=noearly"

# Guests are to be of kernel 6.12 from here on, with what drives virtio devices.
have_later_guests()
{
	guest_kernel=$top/build/guest/vmlinux-6.12
	guest_initrd=$top/build/guest/virtio-initrd-6.12
}

# boot_kernel OPTION...: run kvpci-run. Prints what the guest and kvpci-run print, without
# carriage returns; the status is kvpci-run's.
boot_kernel()
{
	boot_file=$(mktemp) || return 1
	{ "$kvpci_run" "$@" </dev/null 2>&1; echo $? >"$boot_file"; } | sed -u 's/\r//g'
	boot_status=$(cat "$boot_file")
	rm -f "$boot_file"
	return "$boot_status"
}

# boot_guest TEST OPTION...: run TEST in a guest, as boot_kernel does. $append adds to the
# guest's command line. KVPCI_TEST_MIRROR=off in the environment leaves out mirrors.
boot_guest()
{
	boot_test=$1
	shift
	boot_kernel --initrd "$guest_initrd" --mirror="${KVPCI_TEST_MIRROR:-on}" "$@" \
		--append "$guest_arguments test=$boot_test $append"
}

# The bytes of a text in hexadecimal, as kvpci-run takes them.
hex()
{
	printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

# make_rom FILE: an expansion ROM of 2 KiB as Linux recognises it: a signature, and a
# pointer to a structure with the IDs, its length, the class, the number of 512 byte
# blocks, and the mark of the last image.
make_rom()
{
	{
		printf '\125\252\004\000\000\000\000\000\000\000\000\000'
		printf '\000\000\000\000\000\000\000\000\000\000\000\000'
		printf '\034\000\000\000PCIR\066\033\020\021\000\000\030\000'
		printf '\000\000\200\010\004\000\000\000\000\200\000\000'
		printf 'kvpci expansion ROM'
		head -c 2048 /dev/zero
	} | head -c 2048 >"$1"
}

# boot_standard TEST OPTION...: the same with the functions that selftests/guest
# knows: every kind of BAR, a capability, three functions of one device, a ROM, and
# QEMU's test device.
boot_standard()
{
	standard_test=$1
	shift
	standard_rom=$(mktemp) || return 1
	make_rom "$standard_rom"
	set -- "$@" --device "id=1b36:1100,class=088000,rev=07,subsys=1af4:1234,\
addr=03.0,bar0=mem32/4K,regs=0@0+16/ro/value=$(hex 'kvpci, BAR zero.'),\
regs=0@16+48,bar1=io/32,regs=1@0+8/value=1122334455667788,\
bar2=mem64p/1M,regs=2@0+64/value=$(hex '64-bit BAR.....'),\
cap=09/value=10$(hex 'vendor-specific')/length=20"
	set -- "$@" --device "id=1b36:1104,class=088000,addr=04.0,bar0=mem32/64K,\
regs=0@0+16/value=04000000"
	set -- "$@" --device "id=1b36:1105,class=088000,addr=04.1,bar0=mem32/16,\
regs=0@0+16/value=04010000"
	set -- "$@" --device "id=1b36:1106,class=088000,addr=04.7,bar0=io/16,\
regs=0@0+16/value=04070000"
	set -- "$@" --device "id=1b36:1110,class=088000,addr=05.0,rom=$standard_rom"
	set -- "$@" --device pci-testdev,addr=06.0
	boot_guest "$standard_test" "$@"
	standard_status=$?
	rm -f "$standard_rom"
	return $standard_status
}

# interrupt_registers KIND COUNT: registers of 4 bytes each in BAR 0, a write to which
# triggers the vector of that number.
interrupt_registers()
{
	registers_vector=0
	while [ $registers_vector -lt "$2" ]; do
		printf 'regs=0@%u+4/trigger=%s:%u,' $((4 * registers_vector)) "$1" \
			$registers_vector
		registers_vector=$((registers_vector + 1))
	done
}

# What selftests/guest-module drives: MSI-X with four vectors, with function-level reset.
# shellcheck disable=SC2034 # for who sources this
msix_device="id=1b36:1120,class=088000,addr=08.0,pcie=flr,bar0=mem32/4K,\
$(interrupt_registers msix 4)bar1=mem32/4K,msix=4/table=1@0/pba=1@0x800"

# boot_interrupts TEST OPTION...: the same with devices that interrupt: that one and one
# with more vectors, two with MSI, with all of its options and with none, and three with
# INTx, of which 0c.0 and 10.0 share a line.
boot_interrupts()
{
	interrupts_test=$1
	shift
	set -- "$@" --device "$msix_device"
	set -- "$@" --device "id=1b36:1121,class=088000,addr=09.0,bar0=mem32/4K,\
$(interrupt_registers msi 4)msi=4/64bit/mask"
	set -- "$@" --device "id=1b36:1121,class=088000,addr=0a.0,bar0=mem32/4K,\
$(interrupt_registers msi 1)msi=1"
	set -- "$@" --device "id=1b36:1120,class=088000,addr=0b.0,pcie=flr,bar0=mem32/4K,\
$(interrupt_registers msix 80)bar2=mem64/4K,msix=80/table=2@0"
	for interrupts_place in 0c.0,intx=a 0d.0,intx=b 10.0,intx=a; do
		set -- "$@" --device "id=1b36:1122,class=088000,addr=$interrupts_place,\
bar0=mem32/4K,regs=0@0+4/trigger=intx,regs=0@4+4/lower"
	done
	boot_guest "$interrupts_test" "$@"
}

# served_by LAUNCHER NAME: the process, whose name begins so, that serves a device of its guest's.
served_by()
{
	ps -o pid=,comm= --ppid "$1" | awk -v name="$2" 'index($2, name) == 1 { print $1 }'
}

guest_results=0

# guest_result STATUS NAME: a test's result, in KTAP.
guest_result()
{
	guest_results=$((guest_results + 1))
	if [ "$1" = 0 ]; then
		echo "ok $guest_results $2"
	else
		echo "not ok $guest_results $2"
	fi
}

# guest_passed: print what is in /tmp/guest.log; did all of the guest's own tests pass?
guest_passed()
{
	sed 's/^/  /' /tmp/guest.log
	grep -q '^1\.\.' /tmp/guest.log && ! grep -q '^not ok' /tmp/guest.log
}

# try_guest END BOOT...: boot a guest, and two results: its own tests, and that END, which is
# how it ends, ends the launcher well.
try_guest()
{
	try_end=$1
	shift
	"$@" >/tmp/guest.log
	try_status=$?
	guest_passed
	guest_result $? "the guest's own tests"
	[ $try_status = 0 ] || echo "# the status was $try_status"
	guest_result $try_status "$try_end ends the launcher with status 0"
}

# guest_statistic NAME: what --stats has printed of the guest that try_interrupts ran last.
guest_statistic()
{
	sed -n "s/^$1 //p" /tmp/guest.log
}

# try_interrupts NAME TEST OPTION...: boot_interrupts, and two results.
try_interrupts()
{
	try_name=$1
	shift
	boot_interrupts "$@" --kernel "$guest_kernel" --stats >/tmp/guest.log
	try_status=$?
	guest_passed && [ $try_status = 0 ]
	guest_result $? "$try_name: the guest's own tests"
	[ "$(guest_statistic 'exits pci')" = 0 ]
	guest_result $? "$try_name: no access to PCI came out to the launcher"
}

# refuses NAME STATUS TEXT OPTION...: the launcher ends with STATUS and one line that has TEXT, and
# that is a result.
refuses()
{
	refuses_name=$1 refuses_wanted=$2 refuses_text=$3
	refuses_out=$(mktemp) && refuses_err=$(mktemp) || return 1
	shift 3
	timeout 600 "$kvpci_run" --kernel "$guest_kernel" "$@" </dev/null >"$refuses_out" \
		2>"$refuses_err"
	refuses_status=$?
	[ $refuses_status = "$refuses_wanted" ] && [ ! -s "$refuses_out" ] &&
		[ "$(wc -l <"$refuses_err")" = 1 ] && grep -qF -- "$refuses_text" "$refuses_err"
	refuses_result=$?
	[ $refuses_result = 0 ] || sed "s/^/# $refuses_status: /" "$refuses_err"
	rm -f "$refuses_out" "$refuses_err"
	guest_result $refuses_result "$refuses_name: status $refuses_wanted and one line"
}
