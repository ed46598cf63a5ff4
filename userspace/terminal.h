/* SPDX-License-Identifier: GPL-2.0 */
/* The user's side of the serial port: standard input and output. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* If standard input is a terminal, put it into raw mode until the process ends. */
int terminal_init(void);

void terminal_restore(void);

/* After the process was stopped and continued. */
void terminal_resume(void);

/* Should standard input be waited for? */
bool terminal_wants_input(void);

/* Read what there is. Returns false if the user asked to end the guest. */
bool terminal_read(void);

/* Take up to @max bytes that were read. */
size_t terminal_take(__u8 *bytes, size_t max);

/* Write one byte that the guest sent. */
void terminal_write(__u8 byte);

/*
 * The filter between a terminal and the guest, for one byte: Ctrl-A is not passed on
 * but says that a command follows.
 */
enum terminal_filter {
	FILTER_DROP,
	FILTER_PASS,
	FILTER_END,
};

enum terminal_filter terminal_filter(bool *escaped, __u8 byte);

#endif /* TERMINAL_H */
