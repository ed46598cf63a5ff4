/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MISSING_H
#define MISSING_H

#include <stdbool.h>

struct missing {
	void *page;
	int fd;
};

#define MISSING_SIZE	4096

void missing_begin(struct missing *missing, void *page);
bool missing_is_wanted(const struct missing *missing);
void missing_fill(const struct missing *missing, unsigned char first);
void missing_end(struct missing *missing);

#endif /* MISSING_H */
