// SPDX-License-Identifier: GPL-2.0
/*
 * Where daemons are found, what is said of those that are not, or can't be run, whose they are, and
 * how they end.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "report.h"
#include "test.h"
#include "virtio/daemon.h"

/* It is a file that nobody can execute, and no folder. */
#define NO_PROGRAM	"/dev/null"
#define NO_FOLDER	NO_PROGRAM "/program"
#define MISSING		"/nonexistent/program"

#define MAX_FILES	4

static int explain(const char *const *files, const char *command, const char *file, int access)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	const struct daemon_program program = {
		.name = "server", .package = "some", .files = files, .argv = argv,
		.capabilities = 1ULL << CAP_DAC_OVERRIDE, .file = file, .access = access,
		.kept = open(file ? file : "/dev/null", O_RDONLY | O_CLOEXEC),
	};
	struct daemon *daemon;
	int socket;
	int status;

	status = daemon_start(&daemon, &program, "the device", &socket);
	close(program.kept);
	if (status)
		return status;
	status = daemon_explain(daemon, 0);
	daemon_end(daemon);
	close(socket);
	return status;
}

static void search(void)
{
	static const struct {
		const char *files[MAX_FILES];
		const char *message;
	} cases[] = {
		{ { MISSING }, "needs the program server, install it (Debian: some)" },
		{ { NO_FOLDER }, "needs the program server, install it (Debian: some)" },
		{ { NO_PROGRAM }, "look at its permissions" },
		{ { NO_PROGRAM, MISSING }, "look at its permissions" },
		{ { MISSING, NO_FOLDER, "sh" }, "it was found" },
		{ { NO_PROGRAM, "sh" }, "it was found" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_MESSAGE(explain(cases[i].files, "echo it was found", NULL, 0),
			       STATUS_FAILED, cases[i].message);
}

/* What a superuser's daemon says of who it is, and of its capabilities. */
#define WHO	"echo I am $(id -u):$(id -g):$(id -G), $(grep ^CapEff /proc/self/status | tr -d 0)."

/* Of a superuser, with files that nobody else may come to unless it is said. */
static void owners(void)
{
	static const struct {
		uid_t owner;
		mode_t folder, file;
		int access;
		const char *message;
	} cases[] = {
		{ 0, 0755, 0600, O_RDWR, "I am 0:0:0, CapEff: 2." },
		{ 12345, 0755, 0600, O_RDWR, "I am 12345:12345:12345, CapEff: ." },
		{ 12345, 0755, 0400, O_RDONLY, "I am 12345:12345:12345, CapEff: ." },
		{ 12345, 0755, 0400, O_RDWR, "I am 0:0:0, CapEff: 2." },
		{ 12345, 0700, 0600, O_RDWR, "I am 0:0:0, CapEff: 2." },
	};
	static const char *const shell[] = { "sh", NULL };
	char folder[] = "/tmp/kvpci-test.XXXXXX";
	char file[sizeof(folder) + 5];
	size_t i;

	if (geteuid())
		return;
	EXPECT(mkdtemp(folder));
	strcat(strcpy(file, folder), "/file");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const int fd = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

		EXPECT(fd >= 0 && !fchown(fd, cases[i].owner, cases[i].owner) &&
		       !fchmod(fd, cases[i].file) && !chmod(folder, cases[i].folder));
		close(fd);
		EXPECT_MESSAGE(explain(shell, WHO, file, cases[i].access), STATUS_FAILED,
			       cases[i].message);
		unlink(file);
	}
	rmdir(folder);
}

/* May we make network namespaces? */
static bool has_namespaces(void)
{
	int ours = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	const bool has = !unshare(CLONE_NEWNET);

	EXPECT(!has || !setns(ours, CLONE_NEWNET));
	close(ours);
	return has;
}

/* A superuser's daemon has nobody to talk to but us. */
static void network(void)
{
	static const char *const shell[] = { "sh", NULL };
	char command[128], ours[64] = "";

	if (!has_namespaces())
		return;
	EXPECT(readlink("/proc/self/ns/net", ours, sizeof(ours) - 1) > 0);
	snprintf(command, sizeof(command),
		 "[ \"$(readlink /proc/self/ns/net)\" = '%s' ] || echo it is alone", ours);
	EXPECT_MESSAGE(explain(shell, command, NULL, 0), STATUS_FAILED, "it is alone");
}

/* It says what it can do that it is not to, to the file beside that which it serves, too. */
#define ESCAPE	"tests/programs/escape"

static void confined(void)
{
	static const char *const files[] = { ESCAPE, NULL };
	static const char *const argv[] = { ESCAPE, NULL };
	char file[] = "/tmp/kvpci-test.XXXXXX";
	char other[sizeof(file) + 6], made[sizeof(file) + 5];
	struct daemon_program program = {
		.name = "server", .package = "some", .files = files, .argv = argv,
		.confined = true, .kept = mkstemp(file),
	};
	struct daemon *daemon;
	int socket;
	int fd;

	EXPECT(program.kept >= 0);
	strcat(strcpy(other, file), ".other");
	strcat(strcpy(made, file), ".made");
	fd = open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	EXPECT(fd >= 0 && write(fd, "a", 1) == 1);
	close(fd);
	EXPECT(!daemon_start(&daemon, &program, "the device", &socket));
	close(program.kept);
	EXPECT_MESSAGE(daemon_explain(daemon, 0), STATUS_FAILED, "it is confined");
	daemon_end(daemon);
	close(socket);
	unlink(file);
	unlink(other);
	unlink(made);
}

/* Whoever starts us may have told the kernel that nobody wants to know how children end. */
static void ignored_children(void)
{
	static const char *const shell[] = { "sh", NULL };

	EXPECT(signal(SIGCHLD, SIG_IGN) == SIG_DFL);
	EXPECT_MESSAGE(explain(shell, "echo it was found", NULL, 0), STATUS_FAILED,
		       "ends at once: it was found");
	signal(SIGCHLD, SIG_DFL);
}

/* A dump of one is of its own memory, and not of the guest's. */
static void dumps(void)
{
	static const char *const shell[] = { "sh", NULL };

	if (access("/proc/self/coredump_filter", F_OK))
		return;
	EXPECT_MESSAGE(explain(shell, "cat /proc/self/coredump_filter", NULL, 0), STATUS_FAILED,
		       "ends at once: 00000011");
}

/* Begin a session that has a terminal, as a user's. It goes with this process. */
static void begin_session(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	setsid();
	if (terminal < 0 || unlockpt(terminal) || open(ptsname(terminal), O_RDWR | O_CLOEXEC) < 0)
		_exit(1);
}

/* Start one that has the pipe, and wait to be killed, in another session than its next parent. */
static void __attribute__((noreturn)) launch(const char *command, bool finishes, int pipe)
{
	static const char *const shell[] = { "sh", NULL };
	const char *const argv[] = { "sh", "-c", command, NULL };
	const struct daemon_program program = {
		.name = "server", .package = "some", .files = shell, .argv = argv,
		.finishes = finishes, .kept = pipe,
	};
	struct daemon *daemon;
	int socket;

	begin_session();
	if (!daemon_start(&daemon, &program, "the device", &socket))
		pause();
	_exit(1);
}

/* Kill who has started the daemon as soon as that runs. What does it say then, to its end? */
static void expect_last_words(const char *command, bool finishes, const char *expected)
{
	char said[16] = "";
	ssize_t length = 1;
	size_t all = 0;
	pid_t launcher;
	int ends[2];

	EXPECT(!pipe2(ends, O_CLOEXEC));
	launcher = fork();
	if (!launcher)
		launch(command, finishes, ends[1]);
	close(ends[1]);
	EXPECT(read(ends[0], said, 1) == 1);
	kill(launcher, SIGKILL);
	EXPECT(waitpid(launcher, NULL, 0) == launcher);
	while (length > 0 && all < sizeof(said) - 1) {
		struct pollfd end = { .fd = ends[0], .events = POLLIN };

		length = poll(&end, 1, 10000) == 1 ? read(ends[0], &said[all], 1) : -1;
		all += length > 0;
	}
	EXPECT(!length);
	said[all] = '\0';
	EXPECT(!strcmp(said, expected));
	close(ends[0]);
}

/* Stop, and say so. */
#define STOPPED	"{ while ! grep -q '^State:.T' /proc/$$/status; do :; done; printf . >&4; } & " \
		"kill -STOP $$"

/* Say so if there is a terminal to be had by its name. */
#define TERMINAL	"if (: </dev/tty) 2>/dev/null; then printf terminal >&4; fi; printf . >&4; "

/* It has no terminal, on which it could type for the user. */
static void terminals(void)
{
	expect_last_words(TERMINAL "exec sleep 60", false, "");
	expect_last_words(TERMINAL "exec sleep 60", true, "");
}

/* It ends when the launcher does, whatever it does itself; or it has something to do before. */
static void orphans(void)
{
	expect_last_words("trap '' TERM; printf . >&4; exec sleep 60", false, "");
	expect_last_words("printf . >&4; kill -STOP $$", false, "");
	expect_last_words("trap 'printf end >&4; exit' TERM; printf . >&4; while :; do sleep .1; done",
			  true, "end");
	expect_last_words("trap 'printf end >&4; exit' TERM HUP; " STOPPED "; sleep 60", true,
			  "end");
}

const struct test daemon_tests[] = {
	{ "confined", confined },
	{ "dumps", dumps },
	{ "ignored_children", ignored_children },
	{ "network", network },
	{ "orphans", orphans },
	{ "owners", owners },
	{ "search", search },
	{ "terminals", terminals },
	{ NULL, NULL },
};
