// SPDX-License-Identifier: GPL-2.0
/*
 * qemu-storage-daemon, of which one serves each disk that is a file.
 *
 * Daemons share a raw image with each other, while QEMU does not. So we lock it: a byte that QEMU
 * has no use for, by the descriptor, which the daemon has too, so that the lock lasts until both
 * have ended, and from one daemon to the next.
 *
 * A superuser's launcher has it run as the user to whom the file belongs. If that is the superuser,
 * or a user who may not open it, it stays the superuser and has the capability to open other users'
 * files, but no other. Of these it can write to the image alone (confine.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "virtio/storage.h"

#define PROGRAM		"qemu-storage-daemon"

/* The byte that is locked; QEMU locks some between 100 and 300. */
#define LOCK_BYTE	1000

#define SECTOR_SIZE	512

static const char qcow2_magic[4] = { 'Q', 'F', 'I', '\xfb' };

static const char *const formats[] = {
	[DISK_FORMAT_RAW] = "raw",
	[DISK_FORMAT_QCOW2] = "qcow2",
};

/* Of the program: what the file is, what is made of its bytes, and how that is served. */
struct arguments {
	char *file;
	char *disk;
	char *export;
};

static const char *const files[] = { PROGRAM, NULL };

static int no_memory(void)
{
	return fail("not enough memory for the disk");
}

/*
 * A guest may write to a disk what makes it look like another format, in which it could name files
 * of the host. So that is not guessed, and what looks like one is raw only if the user says so.
 */
static int check_format(const struct disk *disk, int fd)
{
	char magic[sizeof(qcow2_magic)] = { 0 };
	bool is_qcow2;

	if (pread(fd, magic, sizeof(magic), 0) < 0)
		return fail("cannot read the disk %s: %s", disk->path, strerror(errno));
	is_qcow2 = !memcmp(magic, qcow2_magic, sizeof(magic));
	if (is_qcow2 && disk->format == DISK_FORMAT_UNKNOWN)
		return fail("the disk %s looks like a qcow2 image: add format=qcow2, or format=raw if it is to be used as it is",
			    disk->path);
	if (!is_qcow2 && disk->format == DISK_FORMAT_QCOW2)
		return fail("the disk %s is no qcow2 image, leave out format=qcow2", disk->path);
	return STATUS_OK;
}

static int in_use(const struct disk *disk)
{
	return fail("the disk %s is in use, by another guest perhaps: end that, or have both use it with ro=on",
		    disk->path);
}

/* Others may read it, too, if we do. */
static int lock_file(const struct disk *disk, int fd)
{
	struct flock lock = {
		.l_type = disk->readonly ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET,
		.l_start = LOCK_BYTE, .l_len = 1,
	};

	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return STATUS_OK;
	if (errno == EAGAIN || errno == EACCES)
		return in_use(disk);
	return fail("cannot lock the disk %s: %s", disk->path, strerror(errno));
}

static int check_file(struct disk *disk)
{
	struct stat st;
	int status;

	if (fstat(disk->fd, &st))
		return fail("cannot read the disk %s: %s", disk->path, strerror(errno));
	disk->is_device = S_ISBLK(st.st_mode);
	if (!S_ISREG(st.st_mode) && !disk->is_device)
		return fail("the disk %s is neither a file nor a block device, name another",
			    disk->path);
	status = check_format(disk, disk->fd);
	if (status)
		return status;
	/* Of none at all the daemon says so. */
	if (disk->format != DISK_FORMAT_QCOW2 && st.st_size && st.st_size < SECTOR_SIZE &&
	    !disk->is_device)
		return fail("the disk %s has %lld bytes, which is no sector, make it as large as the guest's disk is to be",
			    disk->path, (long long)st.st_size);
	return lock_file(disk, disk->fd);
}

/*
 * What a guest writes to a block device would be the end of a file system that is mounted from it.
 * Who has one open like this has it alone, but for those that don't ask, as the daemon.
 */
static int open_flags(const struct disk *disk)
{
	const int flags = O_CLOEXEC | O_NONBLOCK;
	struct stat st;

	if (disk->readonly)
		return flags | O_RDONLY;
	return flags | O_RDWR | (!stat(disk->path, &st) && S_ISBLK(st.st_mode) ? O_EXCL : 0);
}

int storage_open(struct disk *disk)
{
	int status;

	disk->fd = open(disk->path, open_flags(disk));
	if (disk->fd < 0 && errno == EBUSY)
		return fail("the disk %s is in use, mounted perhaps, or another guest's: unmount it or end that, or add ro=on",
			    disk->path);
	if (disk->fd < 0 && errno == EISDIR)
		return fail("the disk %s is a directory, name an image or a block device",
			    disk->path);
	if (disk->fd < 0)
		return fail("cannot open the disk %s%s: %s", disk->path,
			    errno == EROFS || errno == EACCES || errno == EPERM ?
			    " to write to it (ro=on does without)" : "", strerror(errno));
	disk->opened = true;
	status = check_file(disk);
	if (status)
		storage_close(disk);
	return status;
}

void storage_close(struct disk *disk)
{
	if (disk->opened)
		close(disk->fd);
	disk->opened = false;
}

/* A comma in a value is written twice. */
static void put_value(FILE *text, const char *value)
{
	for (; *value; value++) {
		if (*value == ',')
			fputc(',', text);
		fputc(*value, text);
	}
}

/* A path that begins with a slash or a dot, so that it has no prefix that means something. */
static char *file_argument(const struct disk *disk)
{
	size_t length;
	char *result;
	FILE *text = open_memstream(&result, &length);

	if (!text)
		return NULL;
	fprintf(text, "driver=%s,node-name=file,discard=unmap,read-only=%s,filename=%s",
		disk->is_device ? "host_device" : "file", disk->readonly ? "on" : "off",
		*disk->path == '/' ? "" : "./");
	put_value(text, disk->path);
	return fclose(text) ? NULL : result;
}

static char *disk_argument(const struct disk *disk)
{
	bool qcow2 = disk->format == DISK_FORMAT_QCOW2;
	char *result;

	if (asprintf(&result, "driver=%s,node-name=disk,discard=unmap,read-only=%s,file=file",
		     formats[qcow2 ? DISK_FORMAT_QCOW2 : DISK_FORMAT_RAW],
		     disk->readonly ? "on" : "off") < 0)
		return NULL;
	return result;
}

static char *export_argument(const struct disk *disk)
{
	char *result;

	if (asprintf(&result,
		     "type=vhost-user-blk,id=disk,node-name=disk,writable=%s,num-queues=%u,addr.type=fd,addr.str=%d",
		     disk->readonly ? "off" : "on", disk->queues, DAEMON_SOCKET) < 0)
		return NULL;
	return result;
}

static int start(struct daemon **daemon, const struct disk *disk, const struct arguments *arguments,
		 int *socket)
{
	const char *const argv[] = {
		PROGRAM, "--blockdev", arguments->file, "--blockdev", arguments->disk,
		"--export", arguments->export, NULL,
	};
	const struct daemon_program program = {
		.name = PROGRAM,
		.package = "qemu-system-common",
		.files = files,
		.argv = argv,
		.capabilities = 1ULL << CAP_DAC_OVERRIDE,
		.file = disk->path,
		.access = disk->readonly ? O_RDONLY : O_RDWR,
		/* It keeps tables of such an image in its memory. */
		.finishes = disk->format == DISK_FORMAT_QCOW2,
		.confined = true,
		.kept = disk->fd,
	};
	char *what;
	int status;

	if (!arguments->file || !arguments->disk || !arguments->export ||
	    asprintf(&what, "the disk %s", disk->path) < 0)
		return no_memory();
	status = daemon_start(daemon, &program, what, socket);
	free(what);
	return status;
}

/* The daemon opens the file by its name, which may be another one's by now. */
static bool is_there(const struct disk *disk)
{
	struct stat ours, named;

	return !fstat(disk->fd, &ours) && !stat(disk->path, &named) &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int storage_start(struct daemon **daemon, const struct disk *disk, int *socket)
{
	struct arguments arguments;
	int status;

	if (!is_there(disk))
		return fail("the disk %s is not the file any more that it was", disk->path);
	arguments = (struct arguments){
		.file = file_argument(disk),
		.disk = disk_argument(disk),
		.export = export_argument(disk),
	};
	status = start(daemon, disk, &arguments, socket);
	free(arguments.file);
	free(arguments.disk);
	free(arguments.export);
	return status;
}

int storage_explain(struct daemon *daemon, const struct disk *disk, int error)
{
	if (daemon_has_said(daemon, "\" lock"))
		return in_use(disk);
	return daemon_explain(daemon, error);
}
