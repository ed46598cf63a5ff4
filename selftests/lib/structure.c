// SPDX-License-Identifier: GPL-2.0
/*
 * What is the same for the argument of every ioctl: a structure that starts with its size
 * and flags. Wrong sizes, flags and pointers, and padding that is not zero, give the
 * documented errors, and the right ones go on to be right after each.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <kselftest.h>

#include "die.h"
#include "structure.h"

/**
 * edge_new() - two pages of memory, after which there is none
 *
 * Return: their end, for edge_free()
 */
char *edge_new(void)
{
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		die("mmap: %m");
	must(mprotect(pages + 2 * PAGE, PAGE, PROT_NONE));
	return pages + 2 * PAGE;
}

void edge_free(char *edge)
{
	munmap(edge - 2 * PAGE, 3 * PAGE);
}

static char complaint[128];

/* Did the call give what it should? If not, @format says what was tried. */
static bool __attribute__((format(printf, 3, 4)))
gave(int result, int wanted, const char *format, ...)
{
	va_list args;
	int n;

	if (result == wanted)
		return true;

	va_start(args, format);
	n = vsnprintf(complaint, sizeof(complaint), format, args);
	va_end(args);
	snprintf(complaint + n, sizeof(complaint) - n, ": %d, not %d", result, wanted);
	return false;
}

static bool sizes_are_checked(const struct structure *s, void *test)
{
	static char arg[2 * PAGE] __attribute__((aligned(PAGE)));
	static const __u32 too_large[] = { PAGE + 1, PAGE + 8, 2 * PAGE, 1U << 31, ~0U };
	__u32 size, i;

	memset(arg, 0, sizeof(arg));
	memcpy(arg, s->good, s->size);
	for (size = 0; size < s->size; size++) {
		memcpy(arg, &size, sizeof(size));
		if (!gave(s->try(test, arg), -EINVAL, "size %u", size))
			return false;
	}

	for (size = s->size; size <= s->size + 8; size++) {
		memcpy(arg, &size, sizeof(size));
		if (!gave(s->try(test, arg), s->result, "size %u, the rest zero", size))
			return false;
		for (i = s->size; i < size; i++) {
			arg[i] = 1;
			if (!gave(s->try(test, arg), -E2BIG, "size %u, byte %u not zero",
				  size, i))
				return false;
			arg[i] = 0;
		}
	}

	size = PAGE;
	memcpy(arg, &size, sizeof(size));
	if (!gave(s->try(test, arg), s->result, "a page"))
		return false;
	arg[PAGE - 1] = 0x80;
	if (!gave(s->try(test, arg), -E2BIG, "a page that ends with a bit"))
		return false;
	arg[PAGE - 1] = 0;

	for (i = 0; i < ARRAY_SIZE(too_large); i++) {
		memcpy(arg, &too_large[i], sizeof(size));
		if (!gave(s->try(test, arg), -E2BIG, "size %u", too_large[i]))
			return false;
	}
	return true;
}

static bool flags_and_pads_are_checked(const struct structure *s, void *test)
{
	const __u8 *zero = s->zero;
	__u32 bit, flags;
	char arg[PAGE];
	size_t i;

	for (bit = 1; bit; bit <<= 1) {
		if (bit & s->flags)
			continue;
		memcpy(arg, s->good, s->size);
		memcpy(&flags, arg + 4, sizeof(flags));
		flags |= bit;
		memcpy(arg + 4, &flags, sizeof(flags));
		if (!gave(s->try(test, arg), -EINVAL, "flag %#x", bit))
			return false;
	}

	for (i = 0; i < s->size && zero; i++)
		for (bit = 1; bit < 0x100; bit <<= 1) {
			if (!(zero[i] & bit))
				continue;
			memcpy(arg, s->good, s->size);
			arg[i] |= bit;
			if (!gave(s->try(test, arg), -EINVAL, "byte %zu with %#x", i, bit))
				return false;
		}
	return true;
}

static bool pointers_are_checked(const struct structure *s, void *test, char *edge)
{
	static const unsigned long bad[] = {
		0, 1, PAGE - 1, 1UL << 47, 1UL << 63, 0xffff888000000000,
		-PAGE, -8, -1,
	};
	__u32 size = s->size + 8;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (!gave(s->try(test, (void *)bad[i]), -EFAULT, "pointer %#lx", bad[i]))
			return false;

	for (i = 0; i < s->size; i++) {
		memcpy(edge - i, s->good, i);
		if (!gave(s->try(test, edge - i), -EFAULT,
			  "%zu bytes, and no memory after that", i))
			return false;
	}
	memcpy(edge - s->size, s->good, s->size);
	if (!gave(s->try(test, edge - s->size), s->result, "at the end of memory"))
		return false;

	/* What it does not know is not there. */
	memcpy(edge - s->size, &size, sizeof(size));
	return gave(s->try(test, edge - s->size), -EFAULT, "memory ends before its size");
}

/**
 * structure_check() - is a wrong structure refused?
 * @s: which
 * @test: for its @try
 *
 * Return: NULL, or what has not given what it should
 */
const char *structure_check(const struct structure *s, void *test)
{
	char *edge = edge_new();
	bool right;

	right = gave(s->try(test, s->good), s->result, "the right argument") &&
		sizes_are_checked(s, test) &&
		flags_and_pads_are_checked(s, test) &&
		pointers_are_checked(s, test, edge) &&
		gave(s->try(test, s->good), s->result, "the right argument after all");
	edge_free(edge);
	return right ? NULL : complaint;
}
