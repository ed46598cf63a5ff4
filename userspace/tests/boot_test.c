// SPDX-License-Identifier: GPL-2.0
/*
 * Kernels by the three boot protocols: what the guest finds, and that a file that is
 * cut off or lies is refused, or at least does no harm.
 */
#include <elf.h>

#include "array.h"
#include "boot.h"
#include "kernels.h"
#include "layout.h"
#include "report.h"
#include "test.h"

struct elf32 {
	Elf32_Ehdr header;
	Elf32_Phdr load;
	__u32 multiboot[3];
	__u8 code[CODE_SIZE];
};

static void make_multiboot(struct elf32 *elf)
{
	memset(elf, 0, sizeof(*elf));
	make_ident(elf->header.e_ident, ELFCLASS32);
	elf->header.e_type = ET_EXEC;
	elf->header.e_machine = EM_386;
	elf->header.e_version = EV_CURRENT;
	elf->header.e_entry = KERNEL_ADDRESS + 32;
	elf->header.e_phoff = offsetof(struct elf32, load);
	elf->header.e_ehsize = sizeof(Elf32_Ehdr);
	elf->header.e_phentsize = sizeof(Elf32_Phdr);
	elf->header.e_phnum = 1;
	elf->load.p_type = PT_LOAD;
	elf->load.p_offset = offsetof(struct elf32, code);
	elf->load.p_paddr = KERNEL_ADDRESS;
	elf->load.p_filesz = CODE_SIZE;
	elf->load.p_memsz = CODE_SIZE;
	elf->multiboot[0] = 0x1badb002;
	elf->multiboot[1] = 3;
	elf->multiboot[2] = -(0x1badb002 + 3U);
	memset(elf->code, 0xc3, CODE_SIZE);
}

static struct guest_memory memory;
static __u8 initrd_data[5000] = { 1, 2, 3 };
static const struct file initrd = {
	.path = "initrd", .data = initrd_data, .size = sizeof(initrd_data),
};

/* Load @size bytes at @data, with all that may come with a kernel. */
static int load(const void *data, size_t size, const char *command_line,
		struct boot_entry *entry)
{
	return load_kernel((struct boot){
		.initrd = &initrd,
		.command_line = command_line,
	}, &memory, data, size, entry);
}

static bool memory_has(__u64 address, const void *data, size_t size)
{
	const void *at = memory_at(&memory, address, size);

	return at && !memcmp(at, data, size);
}

static void bzimage(void)
{
	const struct boot_params *params;
	struct boot_entry entry;
	struct bzimage image;

	make_bzimage(&image);
	EXPECT(!load(&image, sizeof(image), "quiet", &entry));
	EXPECT(entry.long_mode && entry.rip == KERNEL_ADDRESS + 0x200);
	EXPECT(memory_has(KERNEL_ADDRESS, image.code, CODE_SIZE));
	params = memory_at(&memory, entry.rsi, sizeof(*params));
	EXPECT(params);
	if (!params)
		return;
	EXPECT(memory_has(params->hdr.cmd_line_ptr, "quiet", 6));
	EXPECT(params->hdr.ramdisk_size == sizeof(initrd_data));
	EXPECT(memory_has(params->hdr.ramdisk_image, initrd_data, sizeof(initrd_data)));
	EXPECT(!(params->hdr.ramdisk_image & 4095));
	EXPECT(params->acpi_rsdp_addr == 0xe0000 && params->hdr.type_of_loader == 0xff);
	EXPECT(params->e820_entries >= 4 && params->e820_table[0].type == MEMORY_USABLE);

	/* Nobody is to look for ports that are not there. */
	EXPECT(!load(&image, sizeof(image), NULL, &entry));
	EXPECT(memory_has(BOOT_COMMAND_LINE, "console=ttyS0 pci=noearly", 26));
}

static void pvh(void)
{
	struct boot_entry entry;
	struct elf64 elf;
	__u32 *info;

	make_pvh(&elf);
	EXPECT(!load(&elf, sizeof(elf), "quiet", &entry));
	EXPECT(!entry.long_mode && entry.rip == KERNEL_ADDRESS + 16);
	EXPECT(memory_has(KERNEL_ADDRESS, elf.code, CODE_SIZE));
	info = memory_at(&memory, entry.rbx, 56);
	EXPECT(info && info[0] == 0x336ec578 && info[1] == 1 && info[3] == 1);
	EXPECT(memory_has(BOOT_COMMAND_LINE, "quiet", 6));
	/* The note's value may have 4 bytes. */
	elf.note_header.n_descsz = 4;
	EXPECT(!load(&elf, sizeof(elf), NULL, &entry) && entry.rip == KERNEL_ADDRESS + 16);
}

static void multiboot(void)
{
	struct boot_entry entry;
	struct elf32 elf;
	__u32 *info;

	make_multiboot(&elf);
	EXPECT(!load(&elf, sizeof(elf), "a b", &entry));
	EXPECT(!entry.long_mode && entry.rip == KERNEL_ADDRESS + 32);
	EXPECT(entry.rax == 0x2badb002);
	info = memory_at(&memory, entry.rbx, 88);
	EXPECT(info && (info[0] & 0x4d) == 0x4d);
	if (!info)
		return;
	EXPECT(info[2] == (MIB(16) - MIB(1)) / 1024 && info[5] == 1);
	EXPECT(memory_has(info[4], "kernel a b", 11));
	info = memory_at(&memory, info[6], 16);
	EXPECT(info && info[1] - info[0] == sizeof(initrd_data));
	EXPECT(info && memory_has(info[0], initrd_data, sizeof(initrd_data)));
}

/* Linux does without the ports; memtest86+ is a bzImage too, but can't. */
static void finds_ecam(void)
{
	struct bzimage image;
	struct file kernel = { .path = "image", .data = (__u8 *)&image, .size = sizeof(image) };

	make_bzimage(&image);
	EXPECT(!boot_finds_ecam(&kernel));
	header_of(&image)->payload_length = 1;
	EXPECT(boot_finds_ecam(&kernel));
	/* A header that ends before the field. */
	header_of(&image)->jump = 0x36eb;
	EXPECT(!boot_finds_ecam(&kernel));
}

/* GRUB is linked for 0x9000. */
static void low_multiboot(void)
{
	struct boot_entry entry;
	struct elf32 elf;
	__u32 *info;

	make_multiboot(&elf);
	elf.load.p_paddr = 0x9000;
	elf.load.p_memsz = 0x19000;
	elf.header.e_entry = 0x9000;
	EXPECT(!load(&elf, sizeof(elf), "a b", &entry));
	EXPECT(entry.rip == 0x9000 && memory_has(0x9000, elf.code, CODE_SIZE));
	info = memory_at(&memory, entry.rbx, 88);
	EXPECT(info && memory_has(info[4], "kernel a b", 11));
	info = info ? memory_at(&memory, info[6], 16) : NULL;
	EXPECT(info && info[0] >= HIGH_RAM_BASE);
	EXPECT(info && memory_has(info[0], initrd_data, sizeof(initrd_data)));
}

/* Every length, up to the whole file: nothing shorter boots. */
static void truncated(void)
{
	struct boot_entry entry;
	struct bzimage image;
	struct elf64 elf64;
	struct elf32 elf32;
	size_t i;

	make_bzimage(&image);
	make_pvh(&elf64);
	make_multiboot(&elf32);
	for (i = 0; i < sizeof(image) - 15; i += i < 1024 ? 1 : 97)
		EXPECT(load(&image, i, NULL, &entry) == STATUS_FAILED);
	for (i = 0; i < sizeof(elf64); i += i < 512 ? 1 : 97)
		EXPECT(load(&elf64, i, NULL, &entry) == STATUS_FAILED);
	for (i = 0; i < sizeof(elf32); i += i < 512 ? 1 : 97)
		EXPECT(load(&elf32, i, NULL, &entry) == STATUS_FAILED);
}

static void lying_bzimage(void)
{
	struct boot_entry entry;
	char long_line[2049];
	struct bzimage image;

	make_bzimage(&image);
	header_of(&image)->xloadflags = 0;
	EXPECT_MESSAGE(load(&image, sizeof(image), NULL, &entry), STATUS_FAILED, "64-bit entry");
	make_bzimage(&image);
	header_of(&image)->setup_sects = 0;
	EXPECT(!load(&image, sizeof(image), NULL, &entry) || strstr(test_message(), "truncated"));
	header_of(&image)->setup_sects = 255;
	EXPECT_MESSAGE(load(&image, sizeof(image), NULL, &entry), STATUS_FAILED, "truncated");
	make_bzimage(&image);
	header_of(&image)->syssize = ~0U;
	EXPECT_MESSAGE(load(&image, sizeof(image), NULL, &entry), STATUS_FAILED, "truncated");
	make_bzimage(&image);
	header_of(&image)->init_size = 16;
	EXPECT_MESSAGE(load(&image, sizeof(image), NULL, &entry), STATUS_FAILED, "longer than");
	make_bzimage(&image);
	header_of(&image)->init_size = ~0U;
	EXPECT_MESSAGE(load(&image, sizeof(image), NULL, &entry), STATUS_FAILED, "--memory");
	make_bzimage(&image);
	header_of(&image)->pref_address = ~0ULL - 100;
	EXPECT_MESSAGE(load(&image, sizeof(image), NULL, &entry), STATUS_FAILED, "--memory");
	header_of(&image)->pref_address = 0;
	EXPECT_MESSAGE(load(&image, sizeof(image), NULL, &entry), STATUS_FAILED, "--memory");
	make_bzimage(&image);
	header_of(&image)->initrd_addr_max = 0x1000;
	EXPECT_MESSAGE(load(&image, sizeof(image), NULL, &entry), STATUS_FAILED, "do not fit");
	make_bzimage(&image);
	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	EXPECT_MESSAGE(load(&image, sizeof(image), long_line, &entry), STATUS_FAILED, "shorten");
	/* The jump over the header tells how long it is; it may say anything. */
	make_bzimage(&image);
	header_of(&image)->jump = 0xffeb;
	EXPECT(!load(&image, sizeof(image), NULL, &entry));
}

static void lying_elf(void)
{
	struct boot_entry entry;
	struct elf64 elf;

	make_pvh(&elf);
	elf.load.p_filesz = ~0ULL;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "truncated");
	make_pvh(&elf);
	elf.load.p_offset = ~0ULL - 10;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "truncated");
	make_pvh(&elf);
	elf.load.p_memsz = 1;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "longer in the file");
	make_pvh(&elf);
	elf.load.p_memsz = ~0ULL;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "--memory");
	make_pvh(&elf);
	elf.load.p_paddr = LOW_KERNEL_END - CODE_SIZE;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "below 1 MiB");
	make_pvh(&elf);
	elf.load.p_paddr = 0;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "below 1 MiB");
	make_pvh(&elf);
	elf.load.p_paddr = HIGH_RAM_BASE - CODE_SIZE;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "below 1 MiB");
	make_pvh(&elf);
	elf.load.p_type = PT_NULL;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "nothing to load");
	make_pvh(&elf);
	elf.note_value = 0;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "outside memory");
	make_pvh(&elf);
	elf.header.e_phoff = ~0ULL - 8;
	EXPECT(load(&elf, sizeof(elf), NULL, &entry) == STATUS_FAILED);
	make_pvh(&elf);
	elf.header.e_phnum = 0xffff;
	EXPECT(load(&elf, sizeof(elf), NULL, &entry) == STATUS_FAILED);
	make_pvh(&elf);
	elf.note_header.n_namesz = ~0U;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "no kernel");
	make_pvh(&elf);
	elf.note_header.n_descsz = 1;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "no kernel");
	make_pvh(&elf);
	elf.header.e_machine = EM_AARCH64;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "no kernel");
}

static void lying_multiboot(void)
{
	struct boot_entry entry;
	struct elf32 elf;

	make_multiboot(&elf);
	elf.multiboot[2]++;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "no kernel");
	make_multiboot(&elf);
	elf.multiboot[1] |= 4;
	elf.multiboot[2] -= 4;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "demands");
	make_multiboot(&elf);
	elf.header.e_entry = LOW_KERNEL_END;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "outside memory");
	make_multiboot(&elf);
	elf.header.e_ident[0] = 0;
	EXPECT_MESSAGE(load(&elf, sizeof(elf), NULL, &entry), STATUS_FAILED, "not an x86 ELF");
}

/* Any few bytes changed: the sanitizers find what goes wrong. */
static void corrupted(void)
{
	struct boot_entry entry;
	union {
		struct bzimage image;
		struct elf64 elf64;
		struct elf32 elf32;
		__u8 bytes[sizeof(struct bzimage)];
	} kernel;
	unsigned int i, j;
	size_t size;

	for (i = 0; i < 3000; i++) {
		size_t start = 0;
		size_t range;

		switch (i % 3) {
		case 0:
			make_bzimage(&kernel.image);
			size = sizeof(kernel.image);
			start = 0x1f1;
			range = sizeof(struct setup_header);
			break;
		case 1:
			make_pvh(&kernel.elf64);
			size = sizeof(kernel.elf64);
			range = offsetof(struct elf64, code);
			break;
		default:
			make_multiboot(&kernel.elf32);
			size = sizeof(kernel.elf32);
			range = offsetof(struct elf32, code);
			break;
		}
		for (j = 0; j < 1 + i % 4; j++)
			kernel.bytes[start + test_random() % range] = test_random();
		load(&kernel, size, NULL, &entry);
	}
}

static void initrd_too_large(void)
{
	struct bzimage image;
	struct file kernel;
	struct file large = { .path = "initrd", .data = initrd_data, .size = MIB(12) };
	struct boot boot = { .kernel = &kernel, .initrd = &large, .memory = &memory };
	struct boot_entry entry;

	make_bzimage(&image);
	kernel = make_file(&image, sizeof(image));
	memory_destroy(&memory);
	memory_create(&memory, &(struct memory_options){ .size = MIB(16) });
	EXPECT_MESSAGE(boot_load(&boot, &entry), STATUS_FAILED, "give more --memory");
	large.size = GIB(20);
	EXPECT_MESSAGE(boot_load(&boot, &entry), STATUS_FAILED, "give more --memory");
	file_free(&kernel);
	memory_destroy(&memory);
}

const struct test boot_tests[] = {
	{ "bzimage", bzimage },
	{ "pvh", pvh },
	{ "multiboot", multiboot },
	{ "finds_ecam", finds_ecam },
	{ "low_multiboot", low_multiboot },
	{ "truncated", truncated },
	{ "lying_bzimage", lying_bzimage },
	{ "lying_elf", lying_elf },
	{ "lying_multiboot", lying_multiboot },
	{ "corrupted", corrupted },
	{ "initrd_too_large", initrd_too_large },
	{ NULL, NULL },
};
