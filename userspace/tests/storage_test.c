// SPDX-License-Identifier: GPL-2.0
/* Which files may be a disk. */
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layout.h"
#include "report.h"
#include "test.h"
#include "virtio/storage.h"

/* A block device, if we may have one: the loop device @path, as long as it is open. */
static int open_loop(char *path, size_t size)
{
	int file = memfd_create("disk", MFD_CLOEXEC);
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int loop;

	EXPECT(file >= 0 && !ftruncate(file, MIB(1)));
	snprintf(path, size, "/dev/loop%d", ioctl(control, LOOP_CTL_GET_FREE));
	loop = open(path, O_RDWR | O_CLOEXEC);
	if (loop >= 0 && ioctl(loop, LOOP_SET_FD, file)) {
		close(loop);
		loop = -1;
	}
	close(control);
	close(file);
	return loop;
}

/* The kernel, for a file system that is mounted, opens it like this. */
static void used_by_the_host(void)
{
	struct disk disk = { .readonly = false };
	char path[32];
	int loop = open_loop(path, sizeof(path));
	int user;

	if (loop < 0)
		return;
	disk.path = path;
	EXPECT(!storage_open(&disk) && disk.is_device);
	/* And can't do so any more. */
	EXPECT(open(path, O_RDWR | O_CLOEXEC | O_EXCL) < 0);
	storage_close(&disk);

	user = open(path, O_RDWR | O_CLOEXEC | O_EXCL);
	EXPECT(user >= 0);
	EXPECT_MESSAGE(storage_open(&disk), STATUS_FAILED, "unmount it");
	disk.readonly = true;
	EXPECT(!storage_open(&disk));
	storage_close(&disk);
	close(user);

	disk.readonly = false;
	EXPECT(!storage_open(&disk));
	storage_close(&disk);
	ioctl(loop, LOOP_CLR_FD);
	close(loop);
}

static void small(void)
{
	char path[] = "/tmp/kvpci-test.XXXXXX";
	int file = mkstemp(path);
	struct disk disk = { .path = path };

	EXPECT(file >= 0 && !ftruncate(file, 511));
	EXPECT_MESSAGE(storage_open(&disk), STATUS_FAILED, "has 511 bytes");
	EXPECT(!ftruncate(file, 512) && !storage_open(&disk));
	storage_close(&disk);
	close(file);
	unlink(path);
}

const struct test storage_tests[] = {
	{ "small", small },
	{ "used_by_the_host", used_by_the_host },
	{ NULL, NULL },
};
