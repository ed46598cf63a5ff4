// SPDX-License-Identifier: GPL-2.0
/*
 * kvpci-dump: writes the configuration space of a guest's functions as "lspci -F" reads it.
 *
 * It works on any process that has a host bridge of kvpci's: it takes a copy of that
 * descriptor, of which all configuration space can be mapped, and reads what the guest would
 * read there. The guest is not stopped, and does not notice.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/types.h>

#define STATUS_FAILED	1
#define STATUS_USAGE	2

#define CONFIG_SIZE	4096U
#define BUS_SIZE	(256 * CONFIG_SIZE)
#define LINE		16

/**
 * struct bridge - what is to be known of a host bridge
 * @segment: PCI segment group
 * @first_bus: its buses
 * @last_bus: likewise
 * @has_ecam: configuration space can be mapped
 */
struct bridge {
	unsigned int segment;
	unsigned int first_bus;
	unsigned int last_bus;
	bool has_ecam;
};

/* Say what is wrong, in a line. */
#define complain(format, ...) \
	fprintf(stderr, "kvpci-dump: " format "\n", ##__VA_ARGS__)

/* Is a descriptor of a process a host bridge's? */
static bool find_bridge(int pid, int fd, struct bridge *bridge)
{
	bool has_segment = false, has_buses = false;
	char path[64], line[256];
	FILE *info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	info = fopen(path, "r");
	if (!info)
		return false;
	*bridge = (struct bridge){};
	while (fgets(line, sizeof(line), info)) {
		has_segment |= sscanf(line, "segment:\t%x", &bridge->segment) == 1;
		has_buses |= sscanf(line, "buses:\t%x-%x", &bridge->first_bus,
				    &bridge->last_bus) == 2;
		bridge->has_ecam |= !strncmp(line, "ecam:", 5);
	}
	fclose(info);
	return has_segment && has_buses && bridge->last_bus < 256 &&
	       bridge->first_bus <= bridge->last_bus;
}

static void print_function(const struct bridge *bridge, unsigned int bus, unsigned int devfn,
			   const __u8 *config)
{
	unsigned int offset;

	if (bridge->segment)
		printf("%04x:", bridge->segment);
	printf("%02x:%02x.%x kvpci", bus, devfn >> 3, devfn & 7);
	for (offset = 0; offset < CONFIG_SIZE; offset++)
		if (offset % LINE)
			printf(" %02x", config[offset]);
		else
			printf("\n%02x: %02x", offset, config[offset]);
	printf("\n\n");
}

static int dump_bridge(const struct bridge *bridge, int fd)
{
	const unsigned int functions = (bridge->last_bus - bridge->first_bus + 1) * 256;
	const size_t size = (size_t)functions * CONFIG_SIZE;
	__u8 *space;
	unsigned int i;

	if (!bridge->has_ecam) {
		complain("the host bridge has no ECAM, in which all of its functions are found");
		return STATUS_FAILED;
	}
	space = mmap(NULL, size, PROT_READ, MAP_SHARED, fd,
		     (off_t)bridge->first_bus * BUS_SIZE);
	if (space == MAP_FAILED) {
		complain("cannot map configuration space: %s", strerror(errno));
		return STATUS_FAILED;
	}
	for (i = 0; i < functions; i++) {
		__u8 config[CONFIG_SIZE];

		/* It may go away meanwhile: what is printed is one state of it, or absence. */
		memcpy(config, space + (size_t)i * CONFIG_SIZE, CONFIG_SIZE);
		if (config[0] != 0xff || config[1] != 0xff)
			print_function(bridge, bridge->first_bus + i / 256, i % 256, config);
	}
	munmap(space, size);
	return 0;
}

/* Dump what one descriptor is of. */
static int dump_descriptor(int process, int fd, const struct bridge *bridge)
{
	int copy = syscall(SYS_pidfd_getfd, process, fd, 0);
	int status;

	if (copy < 0) {
		complain("the process's descriptors may not be used: %s", strerror(errno));
		return STATUS_FAILED;
	}
	status = dump_bridge(bridge, copy);
	close(copy);
	return status;
}

static int dump_process(int pid)
{
	char path[64];
	struct dirent *entry;
	struct bridge bridge;
	int process, status = 0;
	bool found = false;
	DIR *fds;

	process = syscall(SYS_pidfd_open, pid, 0);
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = process < 0 ? NULL : opendir(path);
	if (!fds) {
		complain("process %d: %s", pid, strerror(errno));
		return STATUS_FAILED;
	}
	while (!status && (entry = readdir(fds))) {
		const int fd = atoi(entry->d_name);

		if (!isdigit(entry->d_name[0]) || !find_bridge(pid, fd, &bridge))
			continue;
		found = true;
		status = dump_descriptor(process, fd, &bridge);
	}
	closedir(fds);
	close(process);
	if (!status && !found) {
		complain("process %d has no host bridge of kvpci", pid);
		return STATUS_FAILED;
	}
	return status;
}

static bool is_number(const char *text)
{
	return *text && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text);
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		printf("Usage: kvpci-dump PID\n"
		       "Write the configuration space of all functions of the guest that process PID\n"
		       "runs, as lspci -F reads it.\n");
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("kvpci-dump " VERSION "\n");
		return 0;
	}
	if (argc != 2 || !is_number(argv[1])) {
		complain("one argument is wanted, a process; see --help");
		return STATUS_USAGE;
	}
	status = dump_process(atoi(argv[1]));
	if (fflush(stdout) || ferror(stdout)) {
		complain("cannot write: %s", strerror(errno));
		return STATUS_FAILED;
	}
	return status;
}
