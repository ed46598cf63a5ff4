// SPDX-License-Identifier: GPL-2.0
/*
 * The bench guest: a program on bare metal that measures what PCI costs the machine
 * that emulates it, and prints it to the serial port, a row a line. The same file runs
 * under kvpci and under QEMU. With "floor" on its command line it measures KVM itself,
 * which takes the bench's runner.
 */
#include "measure.h"
#include "operations.h"
#include "print.h"
#include "start.h"

void guest_main(const struct start_info *info)
{
	const char *command_line = (const char *)info->command_line;

	measure_init();
	if (command_line && command_line[0] == 'f')
		measure_floor();
	else
		measure_pci();
	print("done\n");
	finish(0);
}
