# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The Intel host for scripts/hostvm, which sources this: Bochs interprets the machine,
# virtualization extensions included. It can neither load a kernel by itself nor share
# files. So a disk is made for each run: a boot sector (hostvm-loader.S), the kernel, and an
# initramfs with the programs and files that are listed below and by --file, and the libraries
# that they need, all of them at the paths where they are here. Three serial ports take
# out the kernel log, the command's output, and what became of it (hostvm-serial).

# shellcheck disable=SC2154 # hostvm has set the variables

# Programs that busybox does not have, or has with fewer options.
programs="sh env sed grep timeout modprobe insmod rmmod lsmod taskset head tail od cmp gzip
qemu-storage-daemon"

# What is built, as far as it is there.
built="selftests/kselftest selftests/kselftest-list.txt selftests/run_kselftest.sh
selftests/kvpci guest/initrd guest/virtio-initrd guest/stream guest/vmlinux kernel/6.1/vmlinuz guests grub/grub"

# Folders in which something is mounted, made or looked for. Those of build/ come to them, down
# to that of a part of the tests, which leaves something there.
folders="/dev /proc /sys /run /tmp /var/tmp /root /mnt /etc/modprobe.d"

# The kernel modules that may be wanted, with those that they depend on.
modules="kvm_intel kvpci tun vhost_net vhost_vsock"

# The unit in which the boot sector reads.
unit=65536

machine_prepare()
{
	[ -z "$monitor" ] || fail "--monitor: only the AMD host has one"
	[ "$shell" = 0 ] || fail "the Intel host has no terminal for a shell; give it a COMMAND"
	case $series in
	debug)	fail "--kernel debug: only the AMD host has the devices that it has drivers for" ;;
	esac
	case ${memory:=1G} in
	*[!0-9MG]*|*[MG]?*|[MG]) fail "--memory: a size is like 512M or 2G, not $memory" ;;
	*G)	megabytes=$((${memory%G} * 1024)) ;;
	*M)	megabytes=${memory%M} ;;
	*)	megabytes=$memory ;;
	esac
	smp=${smp:-1}
	[ -z "$icount" ] || smp=1
	prepare_kernel
}

# build/hostvm/SERIES.image, the kernel as it is in memory, and in SERIES.places where its
# PVH entry is, where it begins, where its last part begins and how large that is.
prepare_kernel()
{
	image=$build/hostvm/$series.image
	places=$build/hostvm/$series.places
	kernel_is_prepared && return
	lock hostvm
	kernel_is_prepared || extract_kernel
	exec 9>&-
}

kernel_is_prepared()
{
	[ -n "$(find "$places" -newer "$kernel/complete" 2>/dev/null)" ]
}

extract_kernel()
{
	"$top/scripts/fetch-source" || exit 125
	"$build/linux-source/scripts/extract-vmlinux" "$kernel/vmlinuz" >"$run/vmlinux" ||
		fail "can't extract a kernel from $kernel/vmlinuz"
	objcopy -O binary "$run/vmlinux" "$image" || exit 125
	# Physical addresses of the segments, and Xen's note number 18.
	{
		readelf -nW "$run/vmlinux" | sed -n \
			's/.*(0x00000012).*data: \(..\) \(..\) \(..\) \(..\) .*/0x\4\3\2\1/p'
		readelf -lW "$run/vmlinux" | awk '$1 == "LOAD" { print $4 }' | sort | head -n 1
		readelf -lW "$run/vmlinux" | awk '$1 == "LOAD" { print $4, $6 }' | sort |
			tail -n 1
	} >"$run/places"
	[ "$(wc -l <"$run/places")" = 3 ] || fail "$kernel/vmlinuz has no PVH entry"
	mv "$run/places" "$places"
	rm "$run/vmlinux"
}

# list_files: all files that the machine is to have.
list_files()
{
	# shellcheck disable=SC2086 # these are lists of words
	{
		for program in $programs; do
			command -v "$program" || PATH=$PATH:/sbin:/usr/sbin command -v "$program"
		done
		printf "$build/%s\n" $built
		printf '%s\n' /bin/busybox "$top/userspace/kvpci-run" "$top"/selftests/*.sh $files
		list_modules
	} | while read -r file; do
		[ -e "$file" ] && find "$file"
	done
}

# list_modules: the kernel's modules that are wanted, and what modprobe looks at.
list_modules()
{
	modules_base=$build/$series
	[ -e "$modules_base/lib/modules/$release/modules.dep" ] || modules_base=$kernel
	PATH=$PATH:/sbin:/usr/sbin
	for module in $modules; do
		modprobe -d "$modules_base" -S "$release" --show-depends "$module" 2>/dev/null
	done | sed -n 's/^insmod //p' | xargs -r readlink -f
	find "$modules_base/lib/modules/$release" -maxdepth 1 ! -type d
}

# make_initramfs FILE: the files, their libraries and the folders in which they are.
make_initramfs()
{
	list_files | sort -u >"$run/files"
	# shellcheck disable=SC2046,SC2086 # these are lists of words
	{
		cat "$run/files"
		ldd $(find $(cat "$run/files") -maxdepth 0 -type f -perm -u+x) 2>/dev/null |
			grep -o '/[^ ]*' | grep -v :
		printf '%s\n' $folders "$PWD" "$run/command" "$top/scripts/hostvm-init"
		find "$build" -maxdepth 2 -type d
	} >"$run/names"
	# Links and what they lead to, by names without links among their folders.
	{
		xargs -d '\n' readlink -f <"$run/names"
		sed 's,^/\(bin\|sbin\|lib\|lib64\)/,/usr/\1/,' "$run/names"
		printf '/%s\n' bin sbin lib lib64
	} | awk -F / '{
		path = "."
		for (i = 2; i <= NF; i++) {
			path = path "/" $i
			print path
		}
	}' | LC_ALL=C sort -u >"$run/list"
	cp "$top/scripts/hostvm-init-early" "$run/init"
	(cd / && cpio --quiet -o -H newc -R 0:0 <"$run/list") >"$1" 2>"$run/cpio" &&
	(cd "$run" && echo init | cpio --quiet -o -H newc -R 0:0) >>"$1"
}

# make_disk FILE COMMAND-LINE: what the boot sector finds.
make_disk()
{
	make_initramfs "$run/initramfs"
	printf '%s\0' "$2" >"$run/command-line"
	{
		read -r entry
		read -r first
		read -r last last_size
	} <"$places"
	kernel_units=$((($(stat -c %s "$image") + unit - 1) / unit))
	initrd_size=$(stat -c %s "$run/initramfs")
	initrd_units=$(((initrd_size + unit - 1) / unit))
	initrd_address=$(((last + last_size + 0x400000) & ~0x1fffff))
	[ $((initrd_address + 2 * initrd_size)) -lt $((megabytes << 20)) ] ||
		fail "the files ($((initrd_size >> 20)) MiB) don't fit in memory; see --memory"

	cc -c -o "$run/loader.o" "$top/scripts/hostvm-loader.S" \
		-Wa,--defsym,kernel_entry="$entry" -Wa,--defsym,kernel_address="$first" \
		-Wa,--defsym,kernel_first=2 -Wa,--defsym,kernel_count=$kernel_units \
		-Wa,--defsym,initrd_address=$initrd_address \
		-Wa,--defsym,initrd_size="$initrd_size" \
		-Wa,--defsym,initrd_first=$((2 + kernel_units)) \
		-Wa,--defsym,initrd_count=$initrd_units &&
	ld -Ttext=0x7c00 --oformat=binary -o "$run/loader" "$run/loader.o" || exit 125
	cp "$run/loader" "$1"
	for part in "$run/command-line" "$image" "$run/initramfs"; do
		truncate -s %$unit "$1"
		cat "$part" >>"$1"
	done
	# Whole units, and whole cylinders of 16 heads and 63 sectors, as Bochs wants it.
	truncate -s %$unit "$1"
	truncate -s %516096 "$1"
	rm "$run/initramfs"
}

# machine_run COMMAND-LINE: run it until it is switched off. Fails if it was not.
#
# Without SIGALRM blocked Bochs hangs now and then: what handles that signal wants a
# lock that may be held. At a lower rate sending takes so much of the machine's time that
# nothing else is done. A triple fault ends Bochs, a reset would only boot again.
# Mitigations are costly, and against what an interpreter does not have.
machine_run()
{
	make_disk "$run/disk" "console=ttyS0,115200 mitigations=off cryptomgr.notests reboot=t $1"
	cat >"$run/bochsrc" <<-END
	config_interface: textconfig
	display_library: rfb, options="timeout=0"
	cpu: model=corei7_haswell_4770, count=$smp, ips=200000000, reset_on_triple_fault=0, ignore_bad_msrs=1
	memory: guest=$megabytes, host=$megabytes
	romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	pci: enabled=1, chipset=i440fx
	ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
	ata0-master: type=disk, path=$run/disk, mode=flat
	boot: disk
	clock: sync=none, time0=utc
	log: $run/bochs.log
	panic: action=fatal
	error: action=ignore
	debugger_log: /dev/null
	END
	# The debugger, which Debian's Bochs has, reads these: "c" is to continue.
	printf '%s\n' c "info cpu" sreg "print-stack 96" quit >"$run/questions"
	timeout --foreground -k 5 $((timeout + 20)) \
		"$top/scripts/hostvm-serial" "$run/pid" "$run/bochs.out" \
		"$log" - "$run/results" -- \
		env --block-signal=ALRM bochs-bin -q -f "$run/bochsrc" <"$run/questions"
	# Bochs ends with status 1, or another, when the machine is switched off.
	sed -n 's/\r$//; s/^status //p' "$run/results" >"$run/status"
	sed -n 's/\r$//; s/^tainted //p' "$run/results" >"$run/tainted"
}

# A machine that hangs says nothing itself: Bochs is interrupted and answers the questions.
machine_last_words()
{
	kill -INT "$(cat "$run/pid")"
	timeout 10 tail -s 1 --pid="$(cat "$run/pid")" -f /dev/null
	kill -KILL "$(cat "$run/pid")"
	cat "$run/bochs.out"
}
