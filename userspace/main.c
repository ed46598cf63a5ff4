// SPDX-License-Identifier: GPL-2.0
/*
 * kvpci-run: boots a kernel in a virtual machine whose PCI bus is kvpci's.
 *
 * The command line (options.c, spec.c) says what the machine (machine.c) is to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "machine.h"
#include "options.h"
#include "report.h"

/* A function takes a descriptor, and so does each of its doorbells. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * A descriptor that is closed when we start would be given to the first file that we
 * open, and what the guest sends would then go there.
 */
static int fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return fail("cannot open /dev/null: %s", strerror(errno));
	} while (fd <= STDERR_FILENO);
	close(fd);
	return STATUS_OK;
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	status = fill_standard_descriptors();
	if (status)
		return status;
	status = options_parse(&options, argc, argv);
	if (status || options.done)
		return status;
	raise_descriptor_limit();
	status = machine_run(&options);
	options_free(&options);
	return status;
}
