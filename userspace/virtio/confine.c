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
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
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

/* The error that says that there is no such call. */
#define NOT_THERE	38

/* Other ways of making system calls (x32) have this bit in their numbers. */
#define OTHER_NUMBERS	0x40000000

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

#define LOAD(field)		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
					 offsetof(struct seccomp_data, field))
#define ANSWER(value)		BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE(error)		ANSWER(SECCOMP_RET_ERRNO | (error))

/* Skip the next instruction if what has been loaded is not so. */
#define IF(test, value)		BPF_JUMP(BPF_JMP | (test) | BPF_K, (value), 0, 1)
#define IF_NOT(test, value)	BPF_JUMP(BPF_JMP | (test) | BPF_K, (value), 1, 0)

/* What clone3() is to do is not for a filter to see: libraries do without it if it is not there. */
static void filter_calls(void)
{
	const struct sock_filter start[] = {
		LOAD(arch), IF_NOT(BPF_JEQ, AUDIT_ARCH_X86_64), REFUSE(EPERM),
		LOAD(nr), IF(BPF_JGE, OTHER_NUMBERS), REFUSE(EPERM),
		IF(BPF_JEQ, SYS_clone3), REFUSE(NOT_THERE),
	};
	const struct sock_filter end[] = {
		/* New namespaces, and threads of others. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		LOAD(args[0]), IF(BPF_JSET, CLONE_NEWUSER), REFUSE(EPERM),
		LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3),
		LOAD(args[0]), IF_NOT(BPF_JEQ, getpid()), REFUSE(EPERM),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	struct sock_filter filter[ARRAY_SIZE(start) + 2 * ARRAY_SIZE(denied) + ARRAY_SIZE(end)];
	const struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };
	struct sock_filter *next = filter;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(start); i++)
		*next++ = start[i];
	for (i = 0; i < ARRAY_SIZE(denied); i++) {
		*next++ = (struct sock_filter)IF(BPF_JEQ, denied[i]);
		*next++ = (struct sock_filter)REFUSE(EPERM);
	}
	for (i = 0; i < ARRAY_SIZE(end); i++)
		*next++ = end[i];
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

void confine(int fd)
{
	restrict_files(fd);
	filter_calls();
}
