// SPDX-License-Identifier: GPL-2.0
/*
 * What a daemon needs is to read and write one file, and its sockets, which it has. A guest that
 * has taken it over is not to find more by it, in particular not by a superuser's: this keeps it
 * from writing to other files, by Landlock, and, by filters of system calls, from what Landlock of
 * Linux 6.1 knows nothing of: to empty files, to make sockets, to reach other processes, to change
 * what files are like, and requests of devices (ioctl).
 *
 * A list of what it may call would be one for each version of it and of its libraries. So there is
 * one of what it may not, which holds as the kernel has none that came after it was written: calls
 * newer than those of Linux 6.1 are said not to be there, and programs do without them.
 *
 * It may read all that its user may: programs, libraries, and what an image is based on, may be in
 * any place.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
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

/* The last call of Linux 6.1; each that is added since has a higher number. */
#define LAST_CALL	SYS_set_mempolicy_home_node

/* Requests of block devices have this in their second byte, as BLKDISCARD. */
#define REQUEST_TYPE	0xff00
#define BLOCK_DEVICES	0x1200

static const int denied[] = {
	/* Services. It has its connection; a pair of sockets for datagrams could send to others. */
	SYS_socket, SYS_socketpair, SYS_connect, SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget,
	SYS_semop, SYS_semtimedop, SYS_semctl, SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl,
	SYS_mq_open, SYS_mq_unlink,
	/* Other processes. A signal for a thread of its own it may send (tgkill). */
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_tkill,
	SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_open, SYS_pidfd_getfd,
	SYS_pidfd_send_signal, SYS_process_madvise, SYS_process_mrelease, SYS_setpriority,
	SYS_ioprio_set, SYS_sched_setaffinity, SYS_sched_setattr, SYS_sched_setparam,
	SYS_sched_setscheduler, SYS_migrate_pages, SYS_move_pages,
	/* Files that are its user's. What it may write to it may truncate (ftruncate). */
	SYS_truncate, SYS_creat, SYS_chmod, SYS_fchmod, SYS_fchmodat, SYS_chown, SYS_fchown,
	SYS_lchown, SYS_fchownat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr,
	SYS_lremovexattr, SYS_fremovexattr, SYS_utime, SYS_utimes, SYS_futimesat, SYS_utimensat,
	/* Ways to what is denied, and parts of the kernel that it has no use for. */
	SYS_io_uring_setup, SYS_unshare, SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
	SYS_add_key, SYS_request_key, SYS_keyctl, SYS_open_by_handle_at, SYS_mount, SYS_umount2,
	SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig,
	SYS_fsmount, SYS_fspick, SYS_mount_setattr,
};

/* Calls that libraries do without: what these are to do is not for a filter to see. */
static const int absent[] = { SYS_clone3, SYS_openat2 };

/* Calls that it may not make with these bits of an argument, of @mask, being @bits. */
static const struct {
	int call;
	unsigned int argument;
	__u32 mask, bits;
} denied_bits[] = {
	/* Who may not write to a file may still empty it. */
	{ SYS_open, 1, O_TRUNC, O_TRUNC },
	{ SYS_openat, 2, O_TRUNC, O_TRUNC },
	/* New namespaces. */
	{ SYS_clone, 0, CLONE_NEWUSER, CLONE_NEWUSER },
	/* Signals to whom a file belongs. */
	{ SYS_fcntl, 1, ~0U, F_SETOWN },
	{ SYS_fcntl, 1, ~0U, F_SETOWN_EX },
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

/*
 * What libseccomp has no rules for: a range of calls, and all requests but some. There are those
 * that change files which are open for reading only, and devices that ask for no more.
 */
static void filter_ranges(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		/* The lower half, which is what the kernel looks at. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, REQUEST_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BLOCK_DEVICES, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Calls by the numbers of other architectures kill it. */
static void filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;

	if (!filter)
		return;
	for (i = 0; i < ARRAY_SIZE(denied); i++)
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	for (i = 0; i < ARRAY_SIZE(absent); i++)
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), absent[i], 0);
	for (i = 0; i < ARRAY_SIZE(denied_bits); i++)
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied_bits[i].call, 1,
				 SCMP_CMP64(denied_bits[i].argument, SCMP_CMP_MASKED_EQ,
					    denied_bits[i].mask, denied_bits[i].bits));
	/* Threads of others, and limits of other processes. */
	seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
			 SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
	seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1,
			 SCMP_A0(SCMP_CMP_NE, 0));
	seccomp_load(filter);
	seccomp_release(filter);
}

void confine(int fd)
{
	restrict_files(fd);
	filter_ranges();
	filter_calls();
}
