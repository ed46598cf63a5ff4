// SPDX-License-Identifier: GPL-2.0
/*
 * kvpci-ctl: sends a command to a kvpci-run that listens at a socket (kvpci-run --control), and
 * prints what it answers, see control.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STATUS_FAILED	1
#define STATUS_USAGE	2

#define COMMAND		4096	/* the longest, with its end */

static int __attribute__((format(printf, 2, 3))) complain(int status, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "kvpci-ctl: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	return status;
}

/* The words of a command, with blanks between them. */
static bool join(char *command, char **words)
{
	size_t length = 0;

	for (; *words; words++) {
		size_t size = strlen(*words);

		if (length + size + 1 >= COMMAND || strchr(*words, '\n'))
			return false;
		memcpy(command + length, *words, size);
		length += size;
		command[length++] = words[1] ? ' ' : '\0';
	}
	return true;
}

static FILE *open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return NULL;
	return fdopen(fd, "r+");
}

/* Print the answer. Its last line says whether the command was carried out. */
static int print_answer(FILE *socket)
{
	static const char error[] = "error: ";
	char line[4096];

	while (fgets(line, sizeof(line), socket)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "ok"))
			return 0;
		if (!strncmp(line, error, strlen(error)))
			return complain(STATUS_FAILED, "%s", line + strlen(error));
		printf("%s\n", line);
	}
	return complain(STATUS_FAILED, "kvpci-run has closed the connection without an answer");
}

static void print_help(void)
{
	printf("Usage: kvpci-ctl SOCKET COMMAND\n"
	       "Add and remove devices of the guest of a kvpci-run that has --control SOCKET.\n"
	       "\n"
	       "  plug DEVICE           put DEVICE, as --device describes it, into the slot of the\n"
	       "                        root port that its behind= names\n"
	       "  unplug NAME           have the guest release what is in the slot of the root port\n"
	       "                        NAME, and remove it then\n"
	       "  unplug NAME force     remove it at once\n"
	       "  list                  print what is in which slot\n");
}

int main(int argc, char **argv)
{
	char command[COMMAND] = "";
	FILE *socket;
	int status;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		print_help();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("kvpci-ctl " VERSION "\n");
		return 0;
	}
	if (argc < 3)
		return complain(STATUS_USAGE, "a socket and a command are wanted, see --help");
	if (!join(command, argv + 2))
		return complain(STATUS_USAGE, "a command is one line of less than %d bytes",
				COMMAND);
	/* A connection that is closed is told of. */
	signal(SIGPIPE, SIG_IGN);
	socket = open_socket(argv[1]);
	if (!socket)
		return complain(STATUS_FAILED, "cannot connect to %s: %s", argv[1],
				strerror(errno));
	fprintf(socket, "%s\n", command);
	if (fflush(socket))
		return complain(STATUS_FAILED, "cannot send to %s: %s", argv[1], strerror(errno));
	status = print_answer(socket);
	fclose(socket);
	if (fflush(stdout) || ferror(stdout))
		return complain(STATUS_FAILED, "cannot write: %s", strerror(errno));
	return status;
}
