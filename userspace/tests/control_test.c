// SPDX-License-Identifier: GPL-2.0
/* The control socket: who may make it, what comes in pieces or in excess, many clients. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "report.h"
#include "test.h"

/* A bridge without functions. */
static struct host host;
static struct hotplug hotplug = { .host = &host };
static struct control control;
#define FOLDER	"/tmp/kvpci-control-XXXXXX"

static char folder[sizeof(FOLDER)];
static char path[64];

static void begin(void)
{
	if (!*path) {
		strcpy(folder, FOLDER);
		EXPECT(mkdtemp(folder));
		snprintf(path, sizeof(path), "%s/socket", folder);
	}
	EXPECT(control_create(&control, path, &hotplug) == STATUS_OK);
}

static void end(void)
{
	control_destroy(&control);
	EXPECT(access(path, F_OK));
	rmdir(folder);
	*path = '\0';
}

static int connect_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	EXPECT(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* Serve until there is nothing to do. */
static void serve(void)
{
	struct pollfd fds[CONTROL_FDS];

	for (;;) {
		control_poll(&control, fds);
		if (poll(fds, CONTROL_FDS, 0) <= 0)
			return;
		control_serve(&control, fds);
	}
}

/* What a client is told after it has said @text, of @size bytes. */
static const char *told(int fd, const char *text, size_t size)
{
	static char answer[8192];
	ssize_t n;

	while (size) {
		n = send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			break;
		text += n;
		size -= n;
		serve();
	}
	serve();
	n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	answer[n < 0 ? 0 : n] = '\0';
	return answer;
}

static const char *told_of(int fd, const char *text)
{
	return told(fd, text, strlen(text));
}

static void commands(void)
{
	int fd;

	begin();
	fd = connect_client();
	EXPECT(!strcmp(told_of(fd, "list\n"), "ok\n"));
	/* In pieces, and several at once. */
	EXPECT(!strcmp(told_of(fd, "li"), ""));
	EXPECT(!strcmp(told_of(fd, "st\nlist\nlis"), "ok\nok\n"));
	EXPECT(!strcmp(told_of(fd, "t\n"), "ok\n"));
	EXPECT(strstr(told_of(fd, "\n"), "error: "));
	EXPECT(strstr(told_of(fd, "list everything\n"), "error: "));
	EXPECT(strstr(told_of(fd, "unplug\n"), "error: "));
	EXPECT(strstr(told_of(fd, "unplug a at once\n"), "error: "));
	EXPECT(strstr(told_of(fd, "unplug a\n"), "error: "));
	EXPECT(strstr(told_of(fd, "plug id=1:2\n"), "error: "));
	EXPECT(strstr(told_of(fd, "plug id=1:2,behind=a\n"), "error: "));
	EXPECT(strstr(told_of(fd, "plug id=1:2,behind=a,bar0=mem32/4K,doorbell=0@0+4/fd=0\n"),
		      "error: "));
	EXPECT(!strcmp(told_of(fd, "list\n"), "ok\n"));
	close(fd);
	end();
}

static void too_long(void)
{
	static char text[2 * CONTROL_LINE];
	int fd;

	begin();
	memset(text, 'x', sizeof(text));
	text[CONTROL_LINE - 1] = '\n';
	fd = connect_client();
	EXPECT(strstr(told(fd, text, CONTROL_LINE), "error: "));
	EXPECT(!strcmp(told_of(fd, "list\n"), "ok\n"));
	text[CONTROL_LINE - 1] = 'x';
	EXPECT(strstr(told(fd, text, sizeof(text)), "error: a command has less"));
	EXPECT(!recv(fd, text, 1, MSG_DONTWAIT) || errno == ECONNRESET);
	close(fd);
	end();
}

static void many_clients(void)
{
	int fds[CONTROL_CLIENTS + 1], i;

	begin();
	for (i = 0; i <= CONTROL_CLIENTS; i++) {
		fds[i] = connect_client();
		serve();
	}
	for (i = 0; i < CONTROL_CLIENTS; i++)
		EXPECT(!strcmp(told_of(fds[i], "list\n"), "ok\n"));
	/* One more waits until another has gone. */
	EXPECT(!strcmp(told_of(fds[CONTROL_CLIENTS], "list\n"), ""));
	close(fds[3]);
	serve();
	EXPECT(!strcmp(told_of(fds[CONTROL_CLIENTS], "list\n"), "ok\nok\n"));
	for (i = 0; i <= CONTROL_CLIENTS; i++) {
		if (i != 3)
			close(fds[i]);
	}
	serve();
	end();
}

static void places(void)
{
	struct control other;
	struct stat st;
	char file[80], longer[200];

	EXPECT(control_create(&control, NULL, &hotplug) == STATUS_OK);
	serve();
	control_destroy(&control);

	begin();
	EXPECT(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	/* Somebody listens. */
	EXPECT_MESSAGE(control_create(&other, path, &hotplug), STATUS_USAGE, "in use");
	control_destroy(&other);
	EXPECT(!access(path, F_OK));

	/* Something else is there, and stays. */
	snprintf(file, sizeof(file), "%s/file", folder);
	fclose(fopen(file, "w"));
	EXPECT_MESSAGE(control_create(&other, file, &hotplug), STATUS_USAGE, "no socket");
	control_destroy(&other);
	EXPECT(!access(file, F_OK));
	unlink(file);

	EXPECT_MESSAGE(control_create(&other, "", &hotplug), STATUS_USAGE, "name of a file");
	control_destroy(&other);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	EXPECT_MESSAGE(control_create(&other, longer, &hotplug), STATUS_USAGE, "name of a file");
	control_destroy(&other);
	snprintf(file, sizeof(file), "%s/no/socket", folder);
	EXPECT_MESSAGE(control_create(&other, file, &hotplug), STATUS_FAILED, "cannot make");
	control_destroy(&other);
	end();
}

/* One that nobody listens to any more makes room. */
static void left_over(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	begin();
	control_destroy(&control);
	strcpy(address.sun_path, path);
	EXPECT(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	EXPECT(!access(path, F_OK));
	EXPECT(control_create(&control, path, &hotplug) == STATUS_OK);
	end();
}

const struct test control_tests[] = {
	{ "commands", commands },
	{ "too_long", too_long },
	{ "many_clients", many_clients },
	{ "places", places },
	{ "left_over", left_over },
	{ NULL, NULL },
};
