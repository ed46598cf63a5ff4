# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The AMD host for scripts/hostvm, which sources this: QEMU emulates the machine in software.
# Its root is this machine's own, over 9p, with a tmpfs on top: every file is where it
# is here, what the command writes is gone afterwards, except under build/, which is
# shared, so the command's exit status comes back in a file. The kernel log goes to a serial
# port, the command's output to a virtio console.

# shellcheck disable=SC2154 # hostvm has set the variables

# What --vfio adds: an IOMMU, which remaps interrupts too, and what may be given to guests, each
# alone behind a port of its own:
#
#	01:00.0		edu: INTx, MSI, and DMA to anywhere
#	02:00.0		nvme, with two VFs; what it holds is in the run folder, so that the host VM
#			can look at it from behind
#	03:00.0		e1000e, in a network where only 10.0.2.2 answers
vfio_devices()
{
	truncate -s 160M "$run/nvme.img" || exit 125
	vfio_port=1
	echo "-device intel-iommu,intremap=on,caching-mode=on"
	for vfio_device in "edu,dma_mask=0xffffffffffffffff" \
		"nvme,id=nvme,serial=kvpci,subsys=subsystem,max_ioqpairs=6,msix_qsize=7,sriov_max_vfs=2,\
sriov_vq_flexible=4,sriov_vi_flexible=4" \
		"e1000e,netdev=net"; do
		echo "-device pcie-root-port,id=port$vfio_port,chassis=$vfio_port,addr=1$vfio_port.0"
		[ $vfio_port != 2 ] || echo "-device nvme-subsys,id=subsystem"
		[ $vfio_port != 3 ] || echo "-netdev user,id=net,restrict=on"
		echo "-device $vfio_device,bus=port$vfio_port"
		vfio_port=$((vfio_port + 1))
	done
	# Last, for a name space has to find its subsystem.
	if [ -n "$late" ]; then
		echo "-blockdev driver=null-co,node-name=nvme-disk,size=167772160,read-zeroes=on,\
latency-ns=10000000"
	else
		echo "-drive file=$run/nvme.img,format=raw,if=none,id=nvme-disk"
	fi
	echo "-device nvme-ns,drive=nvme-disk,bus=nvme,shared=on"
}

# This machine's time stamp counter's frequency.
tsc_khz()
{
	tsc_program=$build/hostvm/tsc-khz
	if [ -z "$(find "$tsc_program" -newer "$top/scripts/tsc-khz.c" 2>/dev/null)" ]; then
		gcc -O2 -o "$run/tsc-khz" "$top/scripts/tsc-khz.c" &&
			mv "$run/tsc-khz" "$tsc_program" || return 1
	fi
	"$tsc_program"
}

# The options become the machine's.
machine_prepare()
{
	# Page tables of five levels would take a fifth longer to walk, which the emulator does after
	# each entry and exit of a guest.
	cpu=max,la57=off
	machine=pc
	accel=tcg,thread=multi
	smp=${smp:-2}
	console=console=ttyS0
	# All processors' time stamp counters are this machine's, which Linux can't know: it would
	# take the HPET for its clock, and each look at that is an access to a device, ten times as
	# slow. Nor can it measure its frequency while others want the processors: clocks that ran
	# five times too fast have been seen. With --icount there is one processor, and no doubt.
	if [ -z "$icount" ]; then
		khz=$(tsc_khz) || exit 125
		append="$append tsc=reliable tsc_early_khz=$khz"
		# To copy or to clear a page by bytes, as fast as that is elsewhere, takes the emulator
		# eight times as long as by words: a fifth of all that tests take.
		cpu=$cpu,erms=off,fsrm=off
		# Signs of life cost instructions.
		# shellcheck disable=SC2034 # hostvm looks for them
		watched=1
	fi
	# Asked for when time is up.
	append="$append sysrq_always_enabled"
	# KVM on PREEMPT_RT wants a constant TSC. QEMU doesn't say that the emulated one is, but
	# Linux takes it for granted on VMware's machines, which it knows by their serial
	# number and their port.
	vmware="-smbios type=1,serial=VMware-56"
	case $series in
	rt)	cpu=$cpu,-hypervisor
		machine="pc,vmport=on $vmware" ;;
	# The debug kernel is quicker with that clock, and takes a minute to interpret what
	# the ACPI tables of "pc" say of interrupt lines. Lockdep does not like that the
	# driver of the serial port takes a lock that PREEMPT_RT makes a sleeping one, which
	# the early console does not. All that is recorded needs memory.
	debug)	cpu=$cpu,-hypervisor
		machine="q35,vmport=on $vmware"
		console="console=ttynull earlyprintk=ttyS0,115200,keep"
		memory=${memory:-3G} ;;
	esac
	if [ -n "$vfio" ]; then
		machine=q35
		# A machine that shares its processors may be too slow for the check of the timer, and
		# with an IOMMU that ends in a panic.
		append="$append intel_iommu=on no_timer_check"
	fi
	memory=${memory:-2G}

	if [ -n "$icount" ]; then
		accel=tcg,thread=single
		smp=1
		# When all is idle the clock leaps to the next timer, unless a disk is waited for:
		# many timers would go off before that answers.
		rest=off
		[ -z "$late" ] || rest=on
	fi
	"$top/scripts/hostvm-initrd" "$series" || exit 125
	devices=
	[ -z "$vfio" ] || devices=$(vfio_devices) || exit 125
	mkfifo "$run/monitor.in" "$run/monitor.out" || exit 125
}

# machine_run COMMAND-LINE: run it until it is switched off. Fails if it was not.
machine_run()
{
	# shellcheck disable=SC2086 # the machine's options are words
	timeout --foreground -k 5 $((timeout + 120)) \
		qemu-system-x86_64 -M $machine -nodefaults -no-user-config -display none \
		-no-reboot -accel "$accel" ${icount:+-icount shift=0,sleep=$rest} \
		-cpu "$cpu" -smp "$smp" -m "$memory" \
		-kernel "$kernel/vmlinuz" -initrd "$build/hostvm/$series.initrd" \
		-append "$console $1" \
		$devices ${monitor:+-monitor "unix:$monitor,server=on,wait=off"} \
		-monitor "pipe:$run/monitor" \
		-serial "file:$log" \
		-device virtio-serial-pci -chardev stdio,id=console,signal=off \
		-device virtconsole,chardev=console \
		-virtfs "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap" \
		-virtfs "local,path=$build,mount_tag=build,security_model=none,multidevs=remap"
}

# ask QUESTION...: what has QEMU's monitor to say, without what is of no use? It repeats a
# question as it is typed; the answer to the last one, alone on a line, is the end. If QEMU
# does not answer, it hangs itself.
ask()
{
	for question in "$@" "print 0x4b56"; do
		echo "$question" >&3
	done
	timeout 30 sed -u 's/\r//g; /^0x4b56$/q' <&4 |
		grep -Ev '\[K|^(\(qemu\)|QEMU|FPR|XMM|YMM|FCW|[C-G]S |SS |LDT|TR |[GI]DT|DR|0x4b56|$)'
}

# A machine that hangs says nothing itself: QEMU is asked, three times, what its processors
# do, and for what is on their stacks, and then to quit. $run/monitor is its monitor.
machine_last_words()
{
	exec 3<>"$run/monitor.in" 4<>"$run/monitor.out"
	for look in 1 2 3; do
		echo "== look $look"
		ask "info registers -a"
		for cpu in $(seq 0 $((smp - 1))); do
			ask "cpu $cpu" "x /96xg \$esp"
		done
	done
	# If it still listens to its keyboard, the log has which tasks wait, and where.
	echo "sendkey alt-sysrq-w" >&3
	sleep 5
	echo quit >&3
}
