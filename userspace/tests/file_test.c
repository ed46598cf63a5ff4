// SPDX-License-Identifier: GPL-2.0
/* Files that are read at once, or in part, the rest to where it is to be. */
#include <stdlib.h>
#include <unistd.h>

#include "array.h"
#include "file.h"
#include "report.h"
#include "test.h"

#define SIZE	(3 * 4096 + 5)

#define PATTERN	"/tmp/kvpci-test-file-XXXXXX"

static char path[sizeof(PATTERN)];
static __u8 content[SIZE];

static void make(size_t size)
{
	size_t i;
	int fd;

	strcpy(path, PATTERN);
	for (i = 0; i < ARRAY_SIZE(content); i++)
		content[i] = test_random();
	fd = mkstemp(path);
	EXPECT(fd >= 0 && write(fd, content, size) == (ssize_t)size);
	close(fd);
}

/* Whatever has been read before, it is the file's own bytes that are copied. */
static void copies(void)
{
	static const size_t heads[] = { 1, 4096, SIZE - 1, SIZE, SIZE + 1 };
	static const struct { size_t offset, size; } pieces[] = {
		{ 0, SIZE }, { 0, 1 }, { 1, 4096 }, { 4095, 1 }, { 4096, 4096 }, { SIZE - 1, 1 },
		{ SIZE, 0 },
	};
	static __u8 copy[SIZE];
	struct file file;
	size_t i, j;

	make(SIZE);
	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		EXPECT(!file_read_head(&file, path, "kernel", heads[i]));
		EXPECT(file.size == SIZE);
		EXPECT(file.left == (heads[i] < SIZE ? SIZE - heads[i] : 0));
		EXPECT(!memcmp(file.data, content, SIZE - file.left));
		for (j = 0; j < ARRAY_SIZE(pieces); j++) {
			memset(copy, 0, sizeof(copy));
			EXPECT(!file_copy(&file, copy, pieces[j].offset, pieces[j].size));
			EXPECT(!memcmp(copy, content + pieces[j].offset, pieces[j].size));
		}
		file_free(&file);
	}
	EXPECT(!file_read(&file, path, "kernel"));
	EXPECT(file.size == SIZE && !file.left && !memcmp(file.data, content, SIZE));
	file_free(&file);
	unlink(path);
}

/* What has gone since is not made up for. */
static void becomes_shorter(void)
{
	__u8 copy[SIZE];
	struct file file;

	make(SIZE);
	EXPECT(!file_read_head(&file, path, "kernel", 4096));
	EXPECT(!truncate(path, SIZE - 1));
	EXPECT_MESSAGE(file_copy(&file, copy, 0, SIZE), STATUS_FAILED, "has become shorter");
	EXPECT(!file_copy(&file, copy, 0, SIZE - 1));
	file_free(&file);
	unlink(path);
}

static void refused(void)
{
	struct file file;

	EXPECT_MESSAGE(file_read_head(&file, "/dev/null", "initrd", 1), STATUS_FAILED,
		       "the initrd /dev/null is not a regular file");
	EXPECT_MESSAGE(file_read_head(&file, "/nowhere", "initrd", 1), STATUS_FAILED,
		       "cannot open the initrd /nowhere");
	make(0);
	EXPECT_MESSAGE(file_read(&file, path, "kernel"), STATUS_FAILED, "is empty");
	unlink(path);
}

const struct test file_tests[] = {
	{ "copies", copies },
	{ "becomes_shorter", becomes_shorter },
	{ "refused", refused },
	{ NULL, NULL },
};
