// SPDX-License-Identifier: GPL-2.0
/*
 * A qemu-storage-daemon of ours, which serves one disk by vhost-user.
 *
 * We bind the socket that it listens at, connect to it, and take its name away, before the daemon
 * is there: nobody else gets to it, and nothing is left over, however we end. The daemon has that
 * socket and nothing else of ours. It is in a session of its own, so that signals of the terminal
 * don't reach it, and is told to end when we have, however that was.
 *
 * A daemon shares its file with other daemons, as far as raw images go, while QEMU does not. So we
 * lock it: a byte that QEMU has no use for, by the descriptor, which the daemon has too, so that
 * the lock lasts until both have ended.
 *
 * It has no capabilities, but for that of a superuser's launcher by which it opens other users'
 * files. That is no sandbox: it may do with files what the launcher's user may.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "virtio/daemon.h"

#define PROGRAM		"qemu-storage-daemon"

/* What the child ends with if there is no such program, as in shells. */
#define STATUS_MISSING	127
#define STATUS_NO_EXEC	126

/* Descriptors of the daemon: what it listens at, and the one that has the lock. */
#define LISTENING	3
#define LOCKED		4

/* Bytes of what it says that are kept: the first line tells why it does not start. */
#define MAX_OUTPUT	4096

/* The byte that is locked; QEMU locks some between 100 and 300. */
#define LOCK_BYTE	1000

/* Milliseconds for it to end in order: it may have much to write. */
#define END_TIMEOUT	30000

/* And to have ended, after it has closed its socket or has been killed. */
#define EXIT_TIMEOUT	5000

static const char qcow2_magic[4] = { 'Q', 'F', 'I', '\xfb' };

static const char *const formats[] = {
	[DISK_FORMAT_RAW] = "raw",
	[DISK_FORMAT_QCOW2] = "qcow2",
};

struct daemon {
	pid_t pid;	/* 0: it has ended */
	int pidfd;
	int output;	/* a file in memory: what it has said first, and NULs */
};

/* Of the program: what the file is, what is made of its bytes, and how that is served. */
struct arguments {
	char *file;
	char *disk;
	char *export;
};

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

static int check_file(const struct disk *disk, int fd, bool *is_device)
{
	struct stat st;
	int status;

	if (fstat(fd, &st))
		return fail("cannot read the disk %s: %s", disk->path, strerror(errno));
	*is_device = S_ISBLK(st.st_mode);
	if (!S_ISREG(st.st_mode) && !*is_device)
		return fail("the disk %s is neither a file nor a block device, name another",
			    disk->path);
	status = check_format(disk, fd);
	return status ? status : lock_file(disk, fd);
}

static int open_file(const struct disk *disk, int *fd, bool *is_device)
{
	int status;

	*is_device = false;
	*fd = open(disk->path, (disk->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0 && errno == EISDIR)
		return fail("the disk %s is a directory, name an image or a block device",
			    disk->path);
	if (*fd < 0)
		return fail("cannot open the disk %s%s: %s", disk->path,
			    errno == EROFS || errno == EACCES || errno == EPERM ?
			    " to write to it (ro=on does without)" : "", strerror(errno));
	status = check_file(disk, *fd, is_device);
	if (status)
		close(*fd);
	return status;
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
static char *file_argument(const struct disk *disk, bool is_device)
{
	size_t length;
	char *result;
	FILE *text = open_memstream(&result, &length);

	if (!text)
		return NULL;
	fprintf(text, "driver=%s,node-name=file,discard=unmap,read-only=%s,filename=%s",
		is_device ? "host_device" : "file", disk->readonly ? "on" : "off",
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
		     disk->readonly ? "off" : "on", disk->queues, LISTENING) < 0)
		return NULL;
	return result;
}

static int open_socket(const struct sockaddr_un *address, int *listening, int *connected)
{
	*listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*connected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*listening < 0 || *connected < 0 ||
	    bind(*listening, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	if (listen(*listening, 1) ||
	    connect(*connected, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	return 0;
}

/* Two ends of a connection that has not been accepted yet. */
static int make_connection(int *listening, int *connected)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char directory[] = "/tmp/kvpci-run.XXXXXX";
	int error;

	*listening = -1;
	*connected = -1;
	if (!mkdtemp(directory))
		return fail("cannot make a directory in /tmp for a socket: %s", strerror(errno));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	error = open_socket(&address, listening, connected);
	unlink(address.sun_path);
	rmdir(directory);
	if (!error)
		return STATUS_OK;
	if (*listening >= 0)
		close(*listening);
	if (*connected >= 0)
		close(*connected);
	return fail("cannot make a socket in /tmp: %s", strerror(-error));
}

/*
 * What execve() would give the daemon: ambient and inheritable capabilities, and a superuser all of
 * the bounding set. Nothing but what may be called after fork() in a process with other threads.
 */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	unsigned int i;

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (i = 0; i <= CAP_LAST_CAP; i++) {
		if (i != CAP_DAC_OVERRIDE)
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	}
	if (!syscall(SYS_capget, &header, data)) {
		for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
			data[i].inheritable = 0;
		syscall(SYS_capset, &header, data);
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void __attribute__((noreturn)) run(char *const *argv, int listening, int locked, int output,
					  pid_t parent)
{
	sigset_t none;
	int null;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* If that came too late. */
	if (getppid() != parent)
		_exit(STATUS_NO_EXEC);
	drop_capabilities();
	/* Above those that they are copied to. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	listening = fcntl(listening, F_DUPFD_CLOEXEC, LOCKED + 1);
	locked = fcntl(locked, F_DUPFD_CLOEXEC, LOCKED + 1);
	if (null < 0 || listening < 0 || locked < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
	    dup2(listening, LISTENING) < 0 || dup2(locked, LOCKED) < 0 ||
	    close_range(LOCKED + 1, ~0U, 0))
		_exit(STATUS_NO_EXEC);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? STATUS_MISSING : STATUS_NO_EXEC);
}

/*
 * A file in memory that can't grow. A guest may have the daemon complain for ever: what does not
 * fit any more is not written, and the daemon goes on.
 */
static int open_output(void)
{
	int fd = memfd_create("output of " PROGRAM, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (!ftruncate(fd, MAX_OUTPUT) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return fd;
	close(fd);
	return -1;
}

static int spawn(struct daemon *daemon, const struct arguments *arguments, int listening,
		 int locked)
{
	char *const argv[] = {
		(char *)PROGRAM, (char *)"--blockdev", arguments->file,
		(char *)"--blockdev", arguments->disk,
		(char *)"--export", arguments->export, NULL,
	};
	pid_t parent = getpid();

	daemon->output = open_output();
	if (daemon->output < 0)
		return fail("cannot start %s: %s", PROGRAM, strerror(errno));
	daemon->pid = fork();
	if (!daemon->pid)
		run(argv, listening, locked, daemon->output, parent);
	if (daemon->pid < 0) {
		daemon->pid = 0;
		return fail("cannot start %s: %s", PROGRAM, strerror(errno));
	}
	daemon->pidfd = pidfd_open(daemon->pid, 0);
	if (daemon->pidfd >= 0)
		return STATUS_OK;
	fail("cannot start %s: %s", PROGRAM, strerror(errno));
	kill(daemon->pid, SIGKILL);
	waitpid(daemon->pid, NULL, 0);
	daemon->pid = 0;
	return STATUS_FAILED;
}

static int start(struct daemon *daemon, const struct arguments *arguments, int locked, int *socket)
{
	int listening;
	int status;

	if (!arguments->file || !arguments->disk || !arguments->export)
		return no_memory();
	status = make_connection(&listening, socket);
	if (status)
		return status;
	status = spawn(daemon, arguments, listening, locked);
	close(listening);
	if (status)
		close(*socket);
	return status;
}

static int start_for_file(struct daemon *daemon, const struct disk *disk, int *socket)
{
	struct arguments arguments;
	bool is_device;
	int status;
	int fd;

	status = open_file(disk, &fd, &is_device);
	if (status)
		return status;
	arguments = (struct arguments){
		.file = file_argument(disk, is_device),
		.disk = disk_argument(disk),
		.export = export_argument(disk),
	};
	status = start(daemon, &arguments, fd, socket);
	free(arguments.file);
	free(arguments.disk);
	free(arguments.export);
	close(fd);
	return status;
}

int daemon_start(struct daemon **daemon, const struct disk *disk, int *socket)
{
	struct daemon *made = malloc(sizeof(*made));
	int status;

	if (!made)
		return no_memory();
	*made = (struct daemon){ .pidfd = -1, .output = -1 };
	status = start_for_file(made, disk, socket);
	if (status)
		daemon_end(made);
	else
		*daemon = made;
	return status;
}

/* Has it ended, or does it within so much time? @status is as of waitpid(). */
static bool await_end(struct daemon *daemon, int timeout, int *status)
{
	struct pollfd fd = { .fd = daemon->pidfd, .events = POLLIN };

	while (poll(&fd, 1, timeout) < 0 && errno == EINTR)
		;
	if (waitpid(daemon->pid, status, WNOHANG) != daemon->pid)
		return false;
	daemon->pid = 0;
	return true;
}

/* Take @prefix, and what follows it up to a colon, from the start of @text. */
static const char *skip(const char *text, const char *prefix)
{
	const char *colon = strncmp(text, prefix, strlen(prefix)) ? NULL : strstr(text, ": ");

	return colon ? colon + 2 : text;
}

/* The first line of what it has said, without its name and the option that it is about. */
static const char *read_output(const struct daemon *daemon, char *line, size_t size)
{
	ssize_t length = pread(daemon->output, line, size - 1, 0);

	line[length > 0 ? length : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return skip(skip(line, PROGRAM), "--");
}

int daemon_explain(struct daemon *daemon, const struct disk *disk, int error)
{
	const char *said;
	char line[512];
	int status;

	if (!await_end(daemon, EXIT_TIMEOUT, &status))
		return fail("the disk %s: %s does not answer as it should (%s)", disk->path,
			    PROGRAM, strerror(-error));
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_MISSING)
		return fail("the disk %s needs the program %s, install it (Debian: qemu-system-common)",
			    disk->path, PROGRAM);
	said = read_output(daemon, line, sizeof(line));
	if (strstr(said, "\" lock"))
		return in_use(disk);
	return fail("the disk %s: %s ends at once: %s", disk->path, PROGRAM,
		    *said ? said : "it does not say why");
}

bool daemon_kill(struct daemon *daemon)
{
	int status;

	if (!daemon->pid)
		return true;
	pidfd_send_signal(daemon->pidfd, SIGKILL, NULL, 0);
	return await_end(daemon, EXIT_TIMEOUT, &status);
}

void daemon_end(struct daemon *daemon)
{
	int status;

	if (!daemon)
		return;
	if (daemon->pid) {
		kill(daemon->pid, SIGTERM);
		if (!await_end(daemon, END_TIMEOUT, &status))
			daemon_kill(daemon);
	}
	if (daemon->pidfd >= 0)
		close(daemon->pidfd);
	if (daemon->output >= 0)
		close(daemon->output);
	free(daemon);
}
