// SPDX-License-Identifier: GPL-2.0
/*
 * The bench guest: a program on bare metal that measures what PCI costs the machine
 * that emulates it, and prints it to the serial port, a row a line. The same file runs
 * under kvpci and under QEMU. Its command line says what to measure: words, of which
 * "functions" and "vectors" are for any machine; "interrupts", and "floor" and "irqfd",
 * which are KVM itself, take the bench's runner.
 */
#include <stdbool.h>

#include "measure.h"
#include "operations.h"
#include "print.h"
#include "start.h"

static const struct {
	const char *word;
	void (*measure)(void);
} measurements[] = {
	{ "functions", measure_functions },
	{ "vectors", measure_vectors },
	{ "interrupts", measure_interrupts },
	{ "floor", measure_floor },
	{ "irqfd", measure_irqfd },
	{}
};

static bool is_word(const char *text, const char *word)
{
	while (*word && *text == *word) {
		text++;
		word++;
	}
	return !*word && (!*text || *text == ' ');
}

void guest_main(const struct start_info *info)
{
	const char *text = (const char *)info->command_line;
	bool begin = true;
	unsigned int i;

	measure_init();
	for (; text && *text; begin = *text++ == ' ')
		for (i = 0; begin && measurements[i].word; i++)
			if (is_word(text, measurements[i].word))
				measurements[i].measure();
	print("done\n");
	finish(0);
}
