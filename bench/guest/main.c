// SPDX-License-Identifier: GPL-2.0
/*
 * The bench guest: a program on bare metal that measures what PCI costs the machine
 * that emulates it, and prints it to the serial port, a row a line. The same file runs
 * under kvpci and under QEMU. Its command line says what to measure: words, of which
 * "functions", "given" and "vectors" are for any machine; "interrupts", and "floor" and "irqfd",
 * which are KVM itself, take the bench's runner. After "profile" and the name of an
 * operation, that one is repeated without end.
 */
#include "measure.h"
#include "operations.h"
#include "print.h"
#include "start.h"
#include "word.h"

static const struct {
	const char *word;
	void (*measure)(void);
} measurements[] = {
	{ "functions", measure_functions },
	{ "given", measure_given },
	{ "vectors", measure_vectors },
	{ "interrupts", measure_interrupts },
	{ "floor", measure_floor },
	{ "irqfd", measure_irqfd },
	{}
};

void guest_main(const struct start_info *info)
{
	const char *text = (const char *)info->command_line;
	bool begin = true;
	unsigned int i;

	measure_init();
	for (; text && *text; begin = *text++ == ' ') {
		if (begin && is_word(text, "profile"))
			measure_profile(text + sizeof("profile"));
		for (i = 0; begin && measurements[i].word; i++)
			if (is_word(text, measurements[i].word))
				measurements[i].measure();
	}
	print("done\n");
	finish(0);
}
