// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest could try that has taken over the daemon of its disk: this is started in the place
 * of the daemon, and says in one line what of that was to be had, or else what of that which the
 * daemon needs was not.
 *
 * The image is the descriptor that it has from the launcher. Another file that its user may write
 * to has the image's name with ".other" after it, and some bytes. It has no libraries to be found,
 * and is at an address that calls of 32 bits can tell, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "virtio/daemon.h"

/* Of 32-bit programs */
#define TRUNCATE_32	92

/* As set_mempolicy_home_node, Linux 6.1's last, and what is further than any kernel's last one. */
#define LAST_CALL	450
#define NEVER_CALL	1000

#define UPPER		(1UL << 32)

static char image[PATH_MAX];
static char other[PATH_MAX];
static bool said;

/* Calls with arguments that are no good, which the kernel says unless a filter is asked before. */
#define CALL(name)	{ #name, SYS_##name, { -1, -1, -1, -1, -1, -1 } }

static const struct {
	const char *name;
	long call;
	long arguments[6];
} calls[] = {
	CALL(socket), CALL(socketpair), CALL(connect), CALL(shmget), CALL(shmat), CALL(shmctl),
	CALL(semget), CALL(semop), CALL(semtimedop), CALL(semctl), CALL(msgget), CALL(msgsnd),
	CALL(msgrcv), CALL(msgctl), CALL(mq_open), CALL(mq_unlink),
	CALL(process_vm_readv), CALL(process_vm_writev), CALL(tkill), CALL(tgkill),
	CALL(rt_sigqueueinfo), CALL(rt_tgsigqueueinfo), CALL(pidfd_open), CALL(pidfd_getfd),
	CALL(pidfd_send_signal), CALL(process_madvise), CALL(process_mrelease), CALL(setpriority),
	CALL(ioprio_set), CALL(sched_setaffinity), CALL(sched_setattr), CALL(sched_setparam),
	CALL(sched_setscheduler), CALL(migrate_pages), CALL(move_pages), CALL(prlimit64),
	CALL(truncate), CALL(open), CALL(openat), CALL(creat), CALL(chmod), CALL(fchmod),
	CALL(fchmodat), CALL(chown), CALL(fchown), CALL(lchown), CALL(fchownat), CALL(setxattr),
	CALL(lsetxattr), CALL(fsetxattr), CALL(removexattr), CALL(lremovexattr),
	CALL(fremovexattr), CALL(utime), CALL(utimes), CALL(futimesat), CALL(utimensat),
	CALL(clone), CALL(clone3), CALL(openat2), CALL(io_uring_setup), CALL(unshare),
	CALL(setns), CALL(bpf), CALL(perf_event_open), CALL(userfaultfd), CALL(add_key),
	CALL(request_key), CALL(keyctl), CALL(open_by_handle_at), CALL(mount), CALL(umount2),
	CALL(pivot_root), CALL(chroot), CALL(open_tree), CALL(move_mount), CALL(fsopen),
	CALL(fsconfig), CALL(fsmount), CALL(fspick), CALL(mount_setattr),
	{ "kill", SYS_kill, { -1, -1 } },
	{ "ptrace", SYS_ptrace, { -1, -1 } },
	{ "fcntl(F_SETOWN)", SYS_fcntl, { DAEMON_KEPT, F_SETOWN } },
	{ "fcntl(F_SETOWN)", SYS_fcntl, { DAEMON_KEPT, F_SETOWN | UPPER } },
	{ "fcntl(F_SETOWN_EX)", SYS_fcntl, { DAEMON_KEPT, F_SETOWN_EX, -1 } },
	{ "ioctl", SYS_ioctl, { DAEMON_KEPT, FIONBIO, -1 } },
	{ "ioctl", SYS_ioctl, { DAEMON_KEPT, FIONBIO | UPPER, -1 } },
};

static bool is_refused(long result)
{
	return result < 0 && (errno == EPERM || errno == ENOSYS || errno == ENOTTY);
}

static void say(const char *what)
{
	printf("%s %s", said ? "," : "it gets through:", what);
	said = true;
}

static void try_calls(void)
{
	char text[16];
	size_t i;
	long nr;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		const long *a = calls[i].arguments;

		if (!is_refused(syscall(calls[i].call, a[0], a[1], a[2], a[3], a[4], a[5])))
			say(calls[i].name);
	}
	for (nr = LAST_CALL + 1; nr < NEVER_CALL; nr++) {
		if (!is_refused(syscall(nr, -1, -1, -1, -1, -1, -1))) {
			snprintf(text, sizeof(text), "%ld", nr);
			say(text);
		}
	}
}

static bool is_opened(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool is_emptied(void)
{
	struct stat st;

	return stat(other, &st) || !st.st_size;
}

/* By its number for 32-bit programs. Who does so may be killed: that is a process of its own. */
static void truncate_32(void)
{
	pid_t child = fork();

	if (!child) {
		int result;

		asm volatile("int $0x80" : "=a"(result)
			     : "a"(TRUNCATE_32), "b"((unsigned int)(unsigned long)other), "c"(0)
			     : "memory");
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* Each in a way that changes the file if it is allowed. */
static void try_to_empty(void)
{
	if (!syscall(SYS_truncate, other, 0))
		say("truncate a file");
	if (is_opened(syscall(SYS_open, other, O_RDONLY | O_TRUNC)))
		say("open(O_TRUNC)");
	if (is_opened(syscall(SYS_openat, AT_FDCWD, other, O_RDONLY | O_TRUNC)))
		say("openat(O_TRUNC)");
	if (is_opened(syscall(SYS_openat, AT_FDCWD, other, O_RDONLY | O_TRUNC | UPPER)))
		say("openat(O_TRUNC) of more bits");
	if (is_opened(syscall(SYS_creat, other, 0600)))
		say("creat");
	truncate_32();
	if (is_emptied())
		say("an empty file");
}

static void try_files(void)
{
	char made[PATH_MAX + 8];

	snprintf(made, sizeof(made), "%s.made", image);
	if (!syscall(SYS_chmod, other, 0600))
		say("chmod");
	if (!syscall(SYS_utimensat, AT_FDCWD, other, NULL, 0))
		say("utimensat");
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
		return;
	if (is_opened(open(other, O_WRONLY)))
		say("open a file");
	if (is_opened(open(made, O_RDONLY | O_CREAT, 0600)))
		say("make a file");
	if (!mkdir(made, 0700))
		say("make a folder");
	if (!symlink(other, made))
		say("make a link");
	if (!rename(other, made))
		say("rename a file");
	if (!unlink(other))
		say("remove a file");
}

static void try_sockets(void)
{
	int ends[2];

	if (is_opened(socket(AF_UNIX, SOCK_DGRAM, 0)))
		say("a socket");
	if (!socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		say("a pair of sockets");
}

static void need(bool has, const char *what)
{
	if (has)
		return;
	printf("%s %s", said ? "," : "it is kept from:", what);
	said = true;
}

static bool has_children(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	return child > 0 && waitpid(child, NULL, 0) == child;
}

static void use(void)
{
	struct rlimit limit;
	struct stat st;

	need(pwrite(DAEMON_KEPT, "b", 1, 0) == 1, "writing to the image");
	need(!fstat(DAEMON_KEPT, &st) && !ftruncate(DAEMON_KEPT, st.st_size + 1), "ftruncate");
	need(is_opened(open(image, O_RDWR)), "opening of the image");
	need(is_opened(open(other, O_RDONLY)), "reading of files");
	need(is_opened(open("/dev/null", O_RDWR)), "/dev/null");
	need(!getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	need(!syscall(SYS_tgkill, getpid(), gettid(), 0), "signals for itself");
	need(has_children(), "children");
}

int main(void)
{
	char link[32];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", DAEMON_KEPT);
	length = readlink(link, image, sizeof(image) - sizeof(".other"));
	if (length < 0 || strlen(image) + sizeof(".other") > sizeof(other)) {
		puts("it has no image");
		return 1;
	}
	strcat(strcpy(other, image), ".other");
	try_calls();
	try_to_empty();
	try_files();
	try_sockets();
	if (!said)
		use();
	puts(said ? "" : "it is confined");
	return 1;
}
