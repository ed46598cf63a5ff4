/* SPDX-License-Identifier: GPL-2.0 */
/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "affinity.h"
#include "memory.h"
#include "spec.h"

/* With configuration mechanism #1? Auto: unless the kernel is known to need none. */
enum cf8 {
	CF8_AUTO,
	CF8_ON,
	CF8_OFF,
};

struct options {
	const char *kernel;
	const char *initrd;		/* NULL: none */
	bool unpack;			/* the kernel is one packed in a bzImage, to be unpacked */
	const char *append;		/* NULL: what the boot protocol has by default */
	const char *control;		/* where commands come from; NULL: nowhere */
	const char *module;		/* NULL: where modules are installed */
	struct memory_options memory;	/* but for whether it is shared */
	unsigned int cpus;
	struct affinity affinity;
	enum cf8 cf8;
	bool mirror;
	bool debug_exit;
	bool stats;
	bool done;			/* the option was all that was asked for: --help */
	struct device_spec *devices;
	size_t nr_devices;
};

int options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

#endif /* OPTIONS_H */
