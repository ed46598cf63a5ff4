// SPDX-License-Identifier: GPL-2.0
/*
 * Daemons of ours, each of which serves one device by vhost-user.
 *
 * We bind the socket that it listens at, connect to it, and take its name away, before the daemon
 * is there: nobody else gets to it, and nothing is left over, however we end. The daemon has that
 * socket and what it is given besides, and nothing else of ours. When we have ended, however that
 * was, it is killed, or told to end if it has something to do before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "virtio/confine.h"
#include "virtio/daemon.h"

/* What the child ends with if there is no such program, or it can't be run, as in shells. */
#define STATUS_MISSING	127
#define STATUS_NO_EXEC	126

/* Bytes of what it says that are kept: the first lines tell why it does not start. */
#define MAX_OUTPUT	4096

/* Milliseconds for it to end in order: it may have much to write. */
#define END_TIMEOUT	30000

/* And to have ended, after it has closed its socket or has been killed. */
#define EXIT_TIMEOUT	5000

struct daemon {
	const char *name;
	const char *package;
	bool explains_last;
	char *what;	/* it serves this */
	pid_t pid;	/* 0: it has ended */
	int pidfd;
	int output;	/* a file in memory: what it has said first, and NULs */
};

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
 * the bounding set. Nothing but what may be called after fork() in a process with other threads, as
 * all of these.
 */
static void drop_capabilities(__u64 kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	unsigned int i;

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (i = 0; i <= CAP_LAST_CAP; i++) {
		if (!(kept >> i & 1))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	}
	if (!syscall(SYS_capget, &header, data)) {
		for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
			data[i].inheritable = 0;
		syscall(SYS_capset, &header, data);
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static bool can_open(const char *file, int access)
{
	int fd = open(file, access | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * A superuser becomes the user to whom the file belongs, for good if that user may open it. Not by
 * the C library, which would have threads follow that are not there after fork().
 */
static void become_owner(const struct daemon_program *program)
{
	const uid_t same = -1;
	struct stat st;

	if (!program->file || geteuid() || fstat(program->kept, &st) || !st.st_uid)
		return;
	if (!syscall(SYS_setgroups, 0, NULL) &&
	    !syscall(SYS_setresgid, same, st.st_gid, same) &&
	    !syscall(SYS_setresuid, same, st.st_uid, same) &&
	    can_open(program->file, program->access) &&
	    !syscall(SYS_setresgid, st.st_gid, st.st_gid, st.st_gid) &&
	    !syscall(SYS_setresuid, st.st_uid, st.st_uid, st.st_uid))
		return;
	syscall(SYS_setresuid, same, 0, same);
	syscall(SYS_setresgid, same, getgid(), same);
}

/*
 * What has the terminal of our session could type for the user there (TIOCSTI), by a file that it
 * only reads. Returns whether we have none: whose session it is not can't have it again.
 */
static bool leave_terminal(void)
{
	int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	bool left;

	if (terminal < 0)
		return errno == ENXIO;
	left = !ioctl(terminal, TIOCNOTTY);
	close(terminal);
	return left;
}

/*
 * A signal of the terminal's is for none. When we have gone, one that finishes may have been
 * stopped by somebody (SIGSTOP): in our session, its process group has nobody then who would have
 * it go on, so the kernel does that, with a SIGHUP (setpgid(2)).
 */
static void leave_group(const struct daemon_program *program)
{
	if (program->finishes && leave_terminal())
		setpgid(0, 0);
	else
		setsid();
}

/*
 * What it dumps when it crashes is not to have the guest's memory in it, which is shared (core(5)).
 * That goes for programs that take dumps, too, which a limit does not keep it from.
 */
static void filter_dump(void)
{
	static const struct rlimit none = { 0 };
	static const char private[] = "0x11";
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, private, strlen(private)) < 0)
		setrlimit(RLIMIT_CORE, &none);
	if (fd >= 0)
		close(fd);
}

/* As many descriptors as there may be, or as @number. */
static void raise_limit(rlim_t number)
{
	struct rlimit limit;

	if (!number || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (limit.rlim_max < number) {
		struct rlimit more = { .rlim_cur = number, .rlim_max = number };

		if (!setrlimit(RLIMIT_NOFILE, &more))
			return;
	}
	limit.rlim_cur = limit.rlim_max < number ? limit.rlim_max : number;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Nothing of ours but these, which come above those that they are copied to first. */
static bool set_descriptors(const struct daemon_program *program, int listening, int output)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int kept = fcntl(program->kept, F_DUPFD_CLOEXEC, DAEMON_KEPT + 1);

	listening = fcntl(listening, F_DUPFD_CLOEXEC, DAEMON_KEPT + 1);
	return null >= 0 && listening >= 0 && kept >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	       dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0 &&
	       dup2(listening, DAEMON_SOCKET) >= 0 && dup2(kept, DAEMON_KEPT) >= 0 &&
	       !close_range(DAEMON_KEPT + 1, ~0U, 0);
}

static void __attribute__((noreturn)) run(const struct daemon_program *program, int listening,
					  int output, pid_t parent)
{
	const char *const *file;
	int result = STATUS_MISSING;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	leave_group(program);
	filter_dump();
	/* It has its sockets. Only a superuser's can be without the host's network. */
	unshare(CLONE_NEWNET);
	become_owner(program);
	/* Another user's process would have lost it. */
	prctl(PR_SET_PDEATHSIG, program->finishes ? SIGTERM : SIGKILL);
	/* If that came too late. */
	if (getppid() != parent)
		_exit(STATUS_NO_EXEC);
	raise_limit(program->max_files);
	drop_capabilities(program->capabilities);
	if (!set_descriptors(program, listening, output))
		_exit(STATUS_NO_EXEC);
	if (program->confined)
		confine(DAEMON_KEPT);
	for (file = program->files; *file; file++) {
		execvp(*file, (char *const *)program->argv);
		/* There may be no telling a folder of PATH that is closed from a file that is. */
		if (errno != ENOENT && errno != ENOTDIR)
			result = STATUS_NO_EXEC;
	}
	_exit(result);
}

/*
 * A file in memory that can't grow. A guest may have the daemon complain for ever: what does not
 * fit any more is not written, and the daemon goes on.
 */
static int open_output(void)
{
	int fd = memfd_create("output of a daemon", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (!ftruncate(fd, MAX_OUTPUT) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return fd;
	close(fd);
	return -1;
}

static int no_start(const struct daemon *daemon)
{
	return fail("%s: cannot start %s: %s", daemon->what, daemon->name, strerror(errno));
}

static int spawn(struct daemon *daemon, const struct daemon_program *program, int listening)
{
	pid_t parent = getpid();

	daemon->output = open_output();
	if (daemon->output < 0)
		return no_start(daemon);
	/* Whoever has started us may have it ignored, and then nobody is told how one ends. */
	signal(SIGCHLD, SIG_DFL);
	daemon->pid = fork();
	if (!daemon->pid)
		run(program, listening, daemon->output, parent);
	if (daemon->pid < 0) {
		daemon->pid = 0;
		return no_start(daemon);
	}
	daemon->pidfd = pidfd_open(daemon->pid, 0);
	if (daemon->pidfd >= 0)
		return STATUS_OK;
	no_start(daemon);
	kill(daemon->pid, SIGKILL);
	waitpid(daemon->pid, NULL, 0);
	daemon->pid = 0;
	return STATUS_FAILED;
}

static int start(struct daemon *daemon, const struct daemon_program *program, int *socket)
{
	int listening;
	int status;

	status = make_connection(&listening, socket);
	if (status)
		return status;
	status = spawn(daemon, program, listening);
	close(listening);
	if (status)
		close(*socket);
	return status;
}

int daemon_start(struct daemon **daemon, const struct daemon_program *program, const char *what,
		 int *socket)
{
	struct daemon *made = malloc(sizeof(*made));
	int status;

	if (!made)
		return fail("not enough memory for %s", what);
	*made = (struct daemon){
		.name = program->name, .package = program->package,
		.explains_last = program->explains_last, .what = strdup(what),
		.pidfd = -1, .output = -1,
	};
	if (made->what)
		status = start(made, program, socket);
	else
		status = fail("not enough memory for %s", what);
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

static void read_output(const struct daemon *daemon, char *text, size_t size)
{
	ssize_t length = pread(daemon->output, text, size - 1, 0);

	text[length > 0 ? length : 0] = '\0';
}

bool daemon_has_said(const struct daemon *daemon, const char *text)
{
	char said[MAX_OUTPUT + 1];

	read_output(daemon, said, sizeof(said));
	return strstr(said, text);
}

/* The line that tells why, without its name and the option that it is about. */
static const char *find_reason(const struct daemon *daemon, char *said)
{
	size_t length = strlen(said);
	char *newline;

	while (length && said[length - 1] == '\n')
		said[--length] = '\0';
	newline = daemon->explains_last ? strrchr(said, '\n') : NULL;
	if (newline)
		said = newline + 1;
	said[strcspn(said, "\n")] = '\0';
	return skip(skip(said, daemon->name), "--");
}

int daemon_explain(struct daemon *daemon, int error)
{
	char output[MAX_OUTPUT + 1];
	const char *said;
	int status;

	if (!await_end(daemon, EXIT_TIMEOUT, &status))
		return fail("%s: %s does not answer as it should (%s)", daemon->what,
			    daemon->name, strerror(-error));
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_MISSING)
		return fail("%s needs the program %s, install it (Debian: %s)", daemon->what,
			    daemon->name, daemon->package);
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_EXEC)
		return fail("%s needs the program %s, which can't be executed: install it (Debian: %s), or look at its permissions and at those of the folders in PATH",
			    daemon->what, daemon->name, daemon->package);
	if (WIFSIGNALED(status))
		return fail("%s: %s ends at once, by signal %d (%s)", daemon->what, daemon->name,
			    WTERMSIG(status), strsignal(WTERMSIG(status)));
	read_output(daemon, output, sizeof(output));
	said = find_reason(daemon, output);
	return fail("%s: %s ends at once: %s", daemon->what, daemon->name,
		    *said ? said : "it does not say why");
}

static bool end_at_once(struct daemon *daemon)
{
	int status;

	if (!daemon->pid)
		return true;
	pidfd_send_signal(daemon->pidfd, SIGKILL, NULL, 0);
	return await_end(daemon, EXIT_TIMEOUT, &status);
}

void daemon_kill(struct daemon *daemon, const char *label)
{
	if (daemon && !end_at_once(daemon))
		note("%s: the daemon can't be killed, and may still write to the guest's memory",
		     label);
}

bool daemon_has_ended(const struct daemon *daemon)
{
	return !daemon->pid;
}

void daemon_end(struct daemon *daemon)
{
	int status;

	if (!daemon)
		return;
	if (daemon->pid) {
		kill(daemon->pid, SIGTERM);
		if (!await_end(daemon, END_TIMEOUT, &status))
			end_at_once(daemon);
	}
	if (daemon->pidfd >= 0)
		close(daemon->pidfd);
	if (daemon->output >= 0)
		close(daemon->output);
	free(daemon->what);
	free(daemon);
}
