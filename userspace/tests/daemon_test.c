// SPDX-License-Identifier: GPL-2.0
/* Where daemons are found, and what is said of those that are not, or can't be run. */
#include <fcntl.h>
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

static int explain(const char *const *files)
{
	const char *const argv[] = { "sh", "-c", "echo it was found", NULL };
	const struct daemon_program program = {
		.name = "server", .package = "some", .files = files, .argv = argv,
		.kept = open("/dev/null", O_RDONLY | O_CLOEXEC),
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
		EXPECT_MESSAGE(explain(cases[i].files), STATUS_FAILED, cases[i].message);
}

const struct test daemon_tests[] = {
	{ "search", search },
	{ NULL, NULL },
};
