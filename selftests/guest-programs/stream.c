// SPDX-License-Identifier: GPL-2.0
/*
 * Connections between a guest and its host, which have this program both:
 *
 *	stream echo tcp|vsock PORT		take one connection, and send back what comes
 *	stream send tcp|vsock ADDRESS PORT	send standard input, and print what comes back
 *
 * The first prints "listening" when the other may begin.
 */
#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in tcp;
	struct sockaddr_vm vsock;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void usage(void)
{
	fprintf(stderr, "usage: stream echo tcp|vsock PORT\n"
			"       stream send tcp|vsock ADDRESS PORT\n");
	exit(2);
}

/* @host: NULL for our own. Returns the socket. */
static int make(const char *kind, const char *host, const char *port, union address *address,
		socklen_t *length)
{
	int fd;

	memset(address, 0, sizeof(*address));
	if (!strcmp(kind, "tcp")) {
		address->tcp.sin_family = AF_INET;
		address->tcp.sin_port = htons(atoi(port));
		if (host && !inet_aton(host, &address->tcp.sin_addr))
			usage();
		*length = sizeof(address->tcp);
	} else if (!strcmp(kind, "vsock")) {
		address->vsock.svm_family = AF_VSOCK;
		address->vsock.svm_port = atoi(port);
		address->vsock.svm_cid = host ? strtoul(host, NULL, 0) : VMADDR_CID_ANY;
		*length = sizeof(address->vsock);
	} else {
		usage();
	}
	fd = socket(address->any.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	return fd;
}

/* Until the end of what comes from @from. */
static void copy(int from, int to)
{
	char data[16384];
	ssize_t n, written, done;

	while ((n = read(from, data, sizeof(data))) > 0) {
		for (done = 0; done < n; done += written) {
			written = write(to, data + done, n - done);
			if (written < 0)
				die("write");
		}
	}
	if (n < 0)
		die("read");
}

static void echo(const char *kind, const char *port)
{
	union address address;
	socklen_t length;
	int one = 1;
	int listener, fd;

	listener = make(kind, NULL, port, &address, &length);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, &address.any, length) || listen(listener, 1))
		die("listen");
	puts("listening");
	fflush(stdout);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		die("accept");
	copy(fd, fd);
	close(fd);
}

static void send_input(const char *kind, const char *host, const char *port)
{
	union address address;
	socklen_t length;
	int status;
	pid_t child;
	int fd;

	fd = make(kind, host, port, &address, &length);
	if (connect(fd, &address.any, length))
		die("connect");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		copy(STDIN_FILENO, fd);
		shutdown(fd, SHUT_WR);
		_exit(0);
	}
	copy(fd, STDOUT_FILENO);
	if (waitpid(child, &status, 0) < 0 || status)
		exit(1);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "echo"))
		echo(argv[2], argv[3]);
	else if (argc == 5 && !strcmp(argv[1], "send"))
		send_input(argv[2], argv[3], argv[4]);
	else
		usage();
	return 0;
}
