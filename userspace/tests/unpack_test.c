// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that is packed in a bzImage: it is found in the guest's memory as if it had been given
 * as it is, whoever has packed it; and one that is cut off or lies is refused.
 */
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "array.h"
#include "boot.h"
#include "kernels.h"
#include "layout.h"
#include "report.h"
#include "test.h"

#define PAYLOAD_OFFSET	0x40
#define REST		100		/* behind all that is loaded, as Linux has relocations */
#define MOST		KIB(600)

/* Longer than what is unpacked at once, and read. */
struct kernel {
	struct elf64 elf;
	__u8 more[KIB(400)];
	__u8 rest[REST];
};

static struct kernel kernel;
static struct guest_memory memory;

/* What is there to be packed. Of Linux, too, the note is a part of what is loaded. */
static void make_kernel(void)
{
	size_t i;

	make_pvh(&kernel.elf);
	kernel.elf.load.p_offset = offsetof(struct kernel, elf.note_header);
	kernel.elf.load.p_filesz = offsetof(struct kernel, rest) - kernel.elf.load.p_offset;
	kernel.elf.load.p_memsz = kernel.elf.load.p_filesz + KIB(8);
	/* One half can be packed, the other can't. */
	for (i = 0; i < sizeof(kernel.more); i++)
		kernel.more[i] = i < sizeof(kernel.more) / 2 ? test_random() : i >> 8;
}

static size_t pack_gzip(__u8 *to)
{
	z_stream zlib = { .next_in = (__u8 *)&kernel, .avail_in = sizeof(kernel),
			  .next_out = to, .avail_out = MOST };

	deflateInit2(&zlib, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	deflate(&zlib, Z_FINISH);
	deflateEnd(&zlib);
	return zlib.total_out;
}

static size_t pack_xz(__u8 *to)
{
	size_t size = 0;

	EXPECT(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (__u8 *)&kernel, sizeof(kernel),
				       to, &size, MOST) == LZMA_OK);
	return size;
}

static size_t pack_lzma(__u8 *to)
{
	lzma_stream lzma = LZMA_STREAM_INIT;
	lzma_options_lzma options;
	size_t size;

	EXPECT(!lzma_lzma_preset(&options, 1));
	EXPECT(lzma_alone_encoder(&lzma, &options) == LZMA_OK);
	lzma.next_in = (__u8 *)&kernel;
	lzma.avail_in = sizeof(kernel);
	lzma.next_out = to;
	lzma.avail_out = MOST;
	EXPECT(lzma_code(&lzma, LZMA_FINISH) == LZMA_STREAM_END);
	size = lzma.total_out;
	lzma_end(&lzma);
	return size;
}

static size_t pack_zstd(__u8 *to)
{
	return ZSTD_compress(to, MOST, &kernel, sizeof(kernel), 1);
}

/* Without a checksum, of zstd only a length may tell that something is wrong. */
static size_t (*const packers[])(__u8 *to) = { pack_gzip, pack_xz, pack_lzma, pack_zstd };

struct packed {
	__u8 setup[2 * 512];
	__u8 pad[PAYLOAD_OFFSET];
	__u8 payload[MOST + 4];
	size_t size;		/* of the payload, with the number at its end */
};

static struct packed image;

static struct setup_header *header(void)
{
	return (struct setup_header *)(image.setup + 0x1f1);
}

/* What was packed has @packed bytes, and is said to have had @size. */
static void seal(size_t packed, __u32 size)
{
	memcpy(image.payload + packed, &size, sizeof(size));
	image.size = packed + sizeof(size);
	header()->payload_length = image.size;
}

static size_t pack(unsigned int how)
{
	struct bzimage empty;
	size_t packed;

	make_bzimage(&empty);
	memset(&image, 0, sizeof(image));
	memcpy(image.setup, empty.setup, sizeof(image.setup));
	header()->payload_offset = PAYLOAD_OFFSET;
	packed = packers[how](image.payload);
	/* gzip has the number. */
	seal(how ? packed : packed - 4, sizeof(kernel));
	return packed;
}

static int load_file(const void *data, size_t size, bool unpack, struct boot_entry *entry)
{
	return load_kernel((struct boot){
		.unpack = unpack,
		.command_line = "quiet",
	}, &memory, data, size, entry);
}

static int load(void)
{
	struct boot_entry entry;

	return load_file(&image, offsetof(struct packed, payload) + image.size, true, &entry);
}

static bool memory_has(__u64 address, const void *data, size_t size)
{
	const void *at = memory_at(&memory, address, size);

	return at && !memcmp(at, data, size);
}

static void unpacked(void)
{
	const size_t size = offsetof(struct kernel, rest) -
			    offsetof(struct kernel, elf.note_header);
	static const __u8 zero[KIB(8)];
	struct boot_entry entry;
	unsigned int i;

	make_kernel();
	for (i = 0; i < ARRAY_SIZE(packers); i++) {
		pack(i);
		EXPECT(image.size > KIB(128));
		EXPECT(!load_file(&image, offsetof(struct packed, payload) + image.size, true,
				  &entry));
		EXPECT(!entry.long_mode && entry.rip == KERNEL_ADDRESS + 16);
		EXPECT(memory_has(KERNEL_ADDRESS, &kernel.elf.note_header, size));
		EXPECT(memory_has(KERNEL_ADDRESS + size, zero, sizeof(zero)));
		EXPECT(memory_has(BOOT_COMMAND_LINE, "quiet", 6));
	}
	/* Without being asked for, the image is booted as what it is. */
	header()->init_size = MIB(4);
	EXPECT(!load_file(&image, offsetof(struct packed, payload) + image.size, false, &entry));
	EXPECT(entry.long_mode && entry.rip == KERNEL_ADDRESS + 0x200);
}

static void cut_off(void)
{
	unsigned int i;
	size_t packed;
	size_t cut;

	make_kernel();
	for (i = 0; i < ARRAY_SIZE(packers); i++) {
		packed = pack(i);
		for (cut = 12; cut < packed - 8; cut = 3 * cut + 1) {
			seal(packed - cut, sizeof(kernel));
			EXPECT_MESSAGE(load(), STATUS_FAILED, "is damaged");
		}
		pack(i);
		seal(0, sizeof(kernel));
		EXPECT_MESSAGE(load(), STATUS_FAILED, "does not tell");
		pack(i);
		seal(1, sizeof(kernel));
		EXPECT_MESSAGE(load(), STATUS_FAILED, "packed otherwise");
	}
}

static void outside_the_file(void)
{
	make_kernel();
	pack(1);
	header()->payload_length++;
	EXPECT_MESSAGE(load(), STATUS_FAILED, "truncated");
	header()->payload_length = ~0U;
	EXPECT_MESSAGE(load(), STATUS_FAILED, "truncated");
	pack(1);
	header()->payload_offset = image.size + PAYLOAD_OFFSET + 1;
	EXPECT_MESSAGE(load(), STATUS_FAILED, "truncated");
	header()->payload_offset = ~0U;
	EXPECT_MESSAGE(load(), STATUS_FAILED, "truncated");
	pack(1);
	header()->setup_sects = 255;
	header()->payload_offset = image.size;
	EXPECT_MESSAGE(load(), STATUS_FAILED, "truncated");
}

/* Nobody looks at the last bytes, but the number is not right. */
static void lying_size(void)
{
	unsigned int i;
	size_t packed;

	make_kernel();
	for (i = 1; i < ARRAY_SIZE(packers); i++) {
		packed = pack(i);
		seal(packed, sizeof(kernel) - 1);
		EXPECT_MESSAGE(load(), STATUS_FAILED, "is damaged");
		seal(packed, sizeof(kernel) + 1);
		EXPECT_MESSAGE(load(), STATUS_FAILED, "is damaged");
		seal(packed, offsetof(struct kernel, rest) - 1);
		EXPECT_MESSAGE(load(), STATUS_FAILED, "truncated");
		seal(packed, 100);
		EXPECT(load() == STATUS_FAILED);
		seal(packed, 0);
		EXPECT(load() == STATUS_FAILED);
		seal(packed, MIB(16) + 1);
		EXPECT_MESSAGE(load(), STATUS_FAILED, "more --memory");
		seal(packed, ~0U);
		EXPECT_MESSAGE(load(), STATUS_FAILED, "more --memory");
	}
	/* A note is not looked for in what has not come. */
	kernel.elf.load.p_filesz += KIB(4);
	kernel.elf.note.p_offset = sizeof(kernel) + 100;
	for (i = 1; i < ARRAY_SIZE(packers); i++) {
		packed = pack(i);
		seal(packed, sizeof(kernel) + KIB(8));
		EXPECT_MESSAGE(load(), STATUS_FAILED, "is damaged");
	}
}

static void unknown(void)
{
	struct boot_entry entry;

	make_kernel();
	pack(1);
	image.payload[0] ^= 1;
	EXPECT_MESSAGE(load(), STATUS_FAILED, "packed otherwise");
	EXPECT_MESSAGE(load_file(&kernel, sizeof(kernel), true, &entry), STATUS_FAILED,
		       "no bzImage");
	/* A header that ends before the fields. */
	pack(1);
	header()->jump = 0x36eb;
	EXPECT_MESSAGE(load(), STATUS_FAILED, "does not tell");
	/* What it says it needs to refer to, 512 MiB, is not had for it. */
	pack(2);
	memcpy(image.payload + 1, "\0\0\0\x20", 4);
	EXPECT_MESSAGE(load(), STATUS_FAILED, "128 MiB");
}

static void no_pvh(void)
{
	make_kernel();
	kernel.elf.note_header.n_type++;
	pack(1);
	EXPECT_MESSAGE(load(), STATUS_FAILED, "no PVH entry");
	/* A note that is nowhere. */
	make_kernel();
	kernel.elf.note.p_offset = ~0ULL - 4;
	pack(1);
	EXPECT_MESSAGE(load(), STATUS_FAILED, "no PVH entry");
	make_kernel();
	kernel.elf.note_header.n_descsz = ~0U;
	pack(1);
	EXPECT_MESSAGE(load(), STATUS_FAILED, "no PVH entry");
	make_kernel();
	kernel.elf.header.e_ident[0] = 0;
	pack(1);
	EXPECT_MESSAGE(load(), STATUS_FAILED, "no x86 ELF");
	make_kernel();
	kernel.elf.load.p_paddr = MIB(16);
	pack(1);
	EXPECT_MESSAGE(load(), STATUS_FAILED, "more --memory");
}

/* It comes but once, from its beginning to its end. */
static void not_in_order(void)
{
	make_kernel();
	kernel.elf.load.p_offset = offsetof(struct kernel, more[KIB(100)]);
	kernel.elf.load.p_filesz = KIB(100);
	kernel.elf.load.p_memsz = KIB(100);
	kernel.elf.note.p_type = PT_LOAD;
	kernel.elf.note.p_offset = offsetof(struct kernel, more[KIB(90)]);
	kernel.elf.note.p_paddr = KERNEL_ADDRESS + KIB(100);
	kernel.elf.note.p_filesz = KIB(4);
	kernel.elf.note.p_memsz = KIB(4);
	pack(1);
	EXPECT_MESSAGE(load(), STATUS_FAILED, "not in the order");
}

/* Any few bytes changed: the sanitizers find what goes wrong. Two ways have a checksum. */
static void corrupted(void)
{
	unsigned int i, how;
	size_t size;

	make_kernel();
	for (i = 0; i < 100; i++) {
		how = i % ARRAY_SIZE(packers);
		size = pack(how) - 4;
		image.payload[16 + test_random() % (size - 16)] ^= 1 + test_random() % 255;
		EXPECT(load() == STATUS_FAILED || how > 1);
	}
	memory_destroy(&memory);
}

const struct test unpack_tests[] = {
	{ "unpacked", unpacked },
	{ "cut_off", cut_off },
	{ "outside_the_file", outside_the_file },
	{ "lying_size", lying_size },
	{ "unknown", unknown },
	{ "no_pvh", no_pvh },
	{ "not_in_order", not_in_order },
	{ "corrupted", corrupted },
	{ NULL, NULL },
};
