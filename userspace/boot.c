// SPDX-License-Identifier: GPL-2.0
/*
 * Puts a kernel into the guest's memory: finds the boot protocol by looking at the
 * file, and has what the protocols share.
 */
#include <string.h>

#include "array.h"
#include "boot.h"
#include "layout.h"
#include "report.h"

/* A file may be made for several: the most capable protocol comes first. */
static const struct boot_protocol *const protocols[] = {
	&bzimage_protocol,
	&pvh_protocol,
	&multiboot_protocol,
};

static const struct boot_protocol *find_protocol(const struct file *kernel)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (protocols[i]->probe(kernel))
			return protocols[i];
	}
	return NULL;
}

bool boot_finds_ecam(const struct file *kernel)
{
	const struct boot_protocol *protocol = find_protocol(kernel);

	return protocol && protocol->finds_ecam && protocol->finds_ecam(kernel);
}

static int load_unpacked(const struct boot *boot, struct boot_entry *entry)
{
	struct boot unpacked = *boot;
	struct file kernel;
	int status = bzimage_unpack(boot, &kernel);

	if (status)
		return status;
	unpacked.kernel = &kernel;
	status = pvh_protocol.load(&unpacked, entry);
	file_free(&kernel);
	return status;
}

int boot_load(const struct boot *boot, struct boot_entry *entry)
{
	const struct boot_protocol *protocol = find_protocol(boot->kernel);

	if (boot->unpack)
		return load_unpacked(boot, entry);
	if (protocol)
		return protocol->load(boot, entry);
	return fail("%s is no kernel that can be booted: give --kernel a Linux bzImage, an ELF file with a PVH note, or a multiboot ELF file",
		    boot->kernel->path);
}

const char *boot_linux_command_line(const struct boot *boot)
{
	if (boot->command_line)
		return boot->command_line;
	/* Looking for the ports early is in vain, and tens of thousands of exits. */
	return boot->cf8 ? "console=ttyS0" : "console=ttyS0 pci=noearly";
}

void *boot_kernel_memory(const struct boot *boot, __u64 address, __u64 size)
{
	bool low = address >= LOW_KERNEL_BASE && address < LOW_KERNEL_END &&
		   size <= LOW_KERNEL_END - address;

	return low || address >= HIGH_RAM_BASE ? memory_at(boot->memory, address, size) : NULL;
}

int boot_copy_command_line(const struct boot *boot, const char *text, size_t max)
{
	size_t length = strlen(text);
	char *to;

	if (max > BOOT_COMMAND_LINE_SIZE - 1)
		max = BOOT_COMMAND_LINE_SIZE - 1;
	if (length > max)
		return fail("the kernel takes a command line of at most %zu characters, shorten --append",
			    max);
	to = memory_at(boot->memory, BOOT_COMMAND_LINE, length + 1);
	if (!to)
		return fail("the guest has no memory for its command line");
	memcpy(to, text, length + 1);
	return STATUS_OK;
}

int boot_copy_initrd(const struct boot *boot, __u64 lowest, __u64 highest, __u64 *address)
{
	__u64 end = memory_high_ram_end(boot->memory);
	__u64 start;
	void *to;

	*address = 0;
	if (!boot->initrd)
		return STATUS_OK;
	if (highest < end)
		end = highest;
	start = boot->initrd->size < end ? (end - boot->initrd->size) & ~4095ULL : 0;
	to = start < lowest ? NULL : memory_at(boot->memory, start, boot->initrd->size);
	if (!to)
		return fail("the kernel and the initrd %s do not fit into %llu MiB, give more --memory",
			    boot->initrd->path, boot->memory->size / MIB(1));
	*address = start;
	return file_copy(boot->initrd, to, 0, boot->initrd->size);
}
