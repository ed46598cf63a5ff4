// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that come by a socket while the guest runs: a line each, which is answered by lines,
 * the last of which is "ok", or "error: " and why.
 *
 *	plug DEVICE		put DEVICE, as of --device, into the slot of the port it is behind
 *	unplug NAME [force]	remove what is in the slot of the port of that name
 *	list			say what is in which slot
 *
 * A client that does not take its answers is let go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "report.h"

/* Does nobody listen at a socket any more? */
static bool is_left_over(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused;

	refused = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
		  errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return refused;
}

/* A socket that was left over makes room. Nothing else does. */
static int make_room(const char *path, const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(path, &st))
		return STATUS_OK;
	if (!S_ISSOCK(st.st_mode))
		return misuse("--control %s is there, and no socket: name another file", path);
	if (!is_left_over(address))
		return misuse("--control %s is in use, name another file", path);
	unlink(path);
	return STATUS_OK;
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
	/* It is for whoever runs us. */
	mode_t mask = umask(0177);
	int ret = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;

	umask(mask);
	errno = error;
	return ret;
}

int control_create(struct control *control, const char *path, struct hotplug *hotplug)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int status;
	size_t i;

	*control = (struct control){ .hotplug = hotplug, .listening = -1, .spare = -1 };
	for (i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i].fd = -1;
	if (!path)
		return STATUS_OK;
	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return misuse("--control needs the name of a file, of 1 to %zu bytes",
			      sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	status = make_room(path, &address);
	if (status)
		return status;
	control->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	control->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->spare < 0 || control->listening < 0)
		return fail("cannot create a socket: %s", strerror(errno));
	if (bind_to(control->listening, &address))
		return fail("cannot make the socket %s: %s", path, strerror(errno));
	control->path = path;
	if (listen(control->listening, CONTROL_CLIENTS))
		return fail("cannot listen at %s: %s", path, strerror(errno));
	return STATUS_OK;
}

static void let_go(struct control_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->length = 0;
	client->awaited = NULL;
}

void control_destroy(struct control *control)
{
	size_t i;

	if (!control->hotplug)
		return;
	for (i = 0; i < CONTROL_CLIENTS; i++)
		let_go(&control->clients[i]);
	if (control->spare >= 0)
		close(control->spare);
	if (control->listening >= 0)
		close(control->listening);
	if (control->path)
		unlink(control->path);
	*control = (struct control){ .listening = -1 };
}

static int unplug(struct hotplug *hotplug, char *name, const struct function **awaited)
{
	char *force = strchr(name, ' ');

	if (force) {
		*force++ = '\0';
		if (strcmp(force, "force"))
			return misuse("unplug: what follows the name may be force, not %s", force);
	}
	return hotplug_unplug(hotplug, name, force, awaited);
}

/* @awaited: what has to be waited for before it has been done, or NULL */
static int carry_out(struct hotplug *hotplug, char *line, FILE *out,
		     const struct function **awaited)
{
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	if (!strcmp(line, "list") && !rest)
		return hotplug_list(hotplug, out);
	if (!strcmp(line, "plug") && rest)
		return hotplug_plug(hotplug, rest);
	if (!strcmp(line, "unplug") && rest)
		return unplug(hotplug, rest, awaited);
	return misuse("commands are: plug DEVICE, unplug NAME [force], list");
}

static bool send_text(int fd, const char *text, size_t size)
{
	return send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

/* Carry out the command that is a line, and answer it, unless that has to wait. */
static bool answer(struct control *control, struct control_client *client)
{
	char why[1024] = "";
	char *text = NULL;
	size_t size = 0;
	bool sent;
	FILE *out;
	int status;

	out = open_memstream(&text, &size);
	if (!out)
		return false;
	report_into(why, sizeof(why));
	status = carry_out(control->hotplug, client->line, out, &client->awaited);
	report_into(NULL, 0);
	if (status)
		fprintf(out, "error: %s\n", why);
	else if (!client->awaited)
		fprintf(out, "ok\n");
	sent = !fclose(out) && send_text(client->fd, text, size);
	free(text);
	return sent;
}

/* What it has sent, as far as these are lines. Returns false if it is to be let go. */
static bool serve_lines(struct control *control, struct control_client *client)
{
	static const char too_long[] = "error: a command has less than 4096 bytes\n";
	char *end;

	while (!client->awaited && (end = memchr(client->line, '\n', client->length))) {
		size_t length = end + 1 - client->line;

		*end = '\0';
		if (!answer(control, client))
			return false;
		client->length -= length;
		memmove(client->line, client->line + length, client->length);
	}
	if (client->awaited || client->length < sizeof(client->line))
		return true;
	send_text(client->fd, too_long, sizeof(too_long) - 1);
	return false;
}

static bool serve_client(struct control *control, struct control_client *client)
{
	ssize_t n = recv(client->fd, client->line + client->length,
			 sizeof(client->line) - client->length, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	client->length += n;
	return serve_lines(control, client);
}

/* What it has waited for may be done. */
static bool end_waiting(struct control *control, struct control_client *client)
{
	static const char ok[] = "ok\n";

	if (!client->awaited || hotplug_is_leaving(control->hotplug, client->awaited))
		return true;
	client->awaited = NULL;
	return send_text(client->fd, ok, sizeof(ok) - 1) && serve_lines(control, client);
}

static struct control_client *find_free(struct control *control)
{
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->clients[i].fd < 0)
			return &control->clients[i];
	}
	return NULL;
}

/* If there is no descriptor left for a client, have it notice. */
static void turn_away(struct control *control)
{
	close(control->spare);
	control->spare = accept4(control->listening, NULL, NULL, SOCK_CLOEXEC);
	if (control->spare >= 0)
		close(control->spare);
	control->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_client(struct control *control)
{
	struct control_client *client = find_free(control);

	if (!client)
		return;
	client->fd = accept4(control->listening, NULL, NULL, SOCK_CLOEXEC);
	if (client->fd < 0 && (errno == EMFILE || errno == ENFILE))
		turn_away(control);
}

/* The first one is for those who come, the others for those who are there. */
void control_poll(const struct control *control, struct pollfd *fds)
{
	bool full = true;
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		/* A negative descriptor is ignored. */
		const struct control_client *client = &control->clients[i];
		int fd = control->hotplug ? client->fd : -1;

		fds[1 + i] = (struct pollfd){
			.fd = client->awaited ? -1 : fd, .events = POLLIN,
		};
		full &= fd >= 0;
	}
	fds[0] = (struct pollfd){ .fd = full ? -1 : control->listening, .events = POLLIN };
}

void control_serve(struct control *control, const struct pollfd *fds)
{
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->clients[i];

		if ((fds[1 + i].revents && !serve_client(control, client)) ||
		    !end_waiting(control, client))
			let_go(client);
	}
	if (fds[0].revents)
		accept_client(control);
}
