// SPDX-License-Identifier: GPL-2.0
/*
 * What a daemon needs is to read and write one file, and its sockets, which it has. A guest that
 * has taken it over is not to find more by it, in particular not by a superuser's: this keeps it
 * from writing to other files, by Landlock, and, by a filter of system calls, from what Landlock of
 * Linux 6.1 knows nothing of, as services that listen at a socket, and the modes of files.
 *
 * It may read all that its user may: programs, libraries, and what an image is based on, may be in
 * any place.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "array.h"
#include "virtio/confine.h"

/* Of Landlock's third version */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE	(1ULL << 14)
#endif
#define TRUNCATE_VERSION	3

#define CHANGES		(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
			 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
			 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
			 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
			 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static const int denied[] = {
	/* Services, and other processes. A signal for a thread of its own it may send (tgkill). */
	SYS_connect, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_tkill,
	SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_open, SYS_pidfd_getfd,
	SYS_pidfd_send_signal,
	/* Files that are its user's. */
	SYS_chmod, SYS_fchmod, SYS_fchmodat, SYS_chown, SYS_fchown, SYS_lchown, SYS_fchownat,
	SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr,
	SYS_fremovexattr,
	/* Ways to what is denied, and parts of the kernel that it has no use for. */
	SYS_io_uring_setup, SYS_unshare, SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
	SYS_add_key, SYS_request_key, SYS_keyctl,
};

static void allow(int ruleset, int fd, __u64 access)
{
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = access, .parent_fd = fd,
	};

	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void restrict_files(int fd)
{
	const int access = fcntl(fd, F_GETFL) & O_ACCMODE;
	struct statfs where;
	struct landlock_ruleset_attr attributes = { .handled_access_fs = CHANGES };
	__u64 writes = LANDLOCK_ACCESS_FS_WRITE_FILE;
	int ruleset;
	int null;

	/* A file there is another inode each time that it is opened, which no rule is about. */
	if (fstatfs(fd, &where) || where.f_type == V9FS_MAGIC)
		return;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >=
	    TRUNCATE_VERSION)
		writes |= LANDLOCK_ACCESS_FS_TRUNCATE;
	attributes.handled_access_fs |= writes;
	ruleset = syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	if (ruleset < 0)
		return;
	if (access != O_RDONLY)
		allow(ruleset, fd, writes);
	null = open("/dev/null", O_PATH | O_CLOEXEC);
	if (null >= 0) {
		allow(ruleset, null, writes);
		close(null);
	}
	syscall(SYS_landlock_restrict_self, ruleset, 0);
	close(ruleset);
}

/* What clone3() is to do is not for a filter to see: libraries do without it if it is not there. */
static void filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;

	if (!filter)
		return;
	for (i = 0; i < ARRAY_SIZE(denied); i++)
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	/* New namespaces, and threads of others. */
	seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
	seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
			 SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
	seccomp_load(filter);
	seccomp_release(filter);
}

void confine(int fd)
{
	restrict_files(fd);
	filter_calls();
}
