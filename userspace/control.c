// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that come by a socket while the guest runs: a line each, which is answered by lines,
 * the last of which is "ok", or "error: " and why.
 *
 *	plug DEVICE		put DEVICE, as of --device, into the slot of the port it is behind
 *	unplug NAME [force]	remove what is in the slot of the port of that name
 *	list			say what is in which slot
 *
 * One client is served at a time; others wait until it has closed its connection. A client that
 * does not take its answers is let go.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "report.h"

/* Is there a socket that nobody listens to any more? */
static bool is_left_over(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool refused;

	refused = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
		  errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return refused;
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

	*control = (struct control){ .hotplug = hotplug, .listening = -1, .client = -1 };
	if (!path)
		return STATUS_OK;
	if (strlen(path) >= sizeof(address.sun_path))
		return misuse("--control %s is longer than the name of a socket may be, which is %zu bytes",
			      path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	control->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->listening < 0)
		return fail("cannot create a socket: %s", strerror(errno));
	if (is_left_over(&address))
		unlink(path);
	if (bind_to(control->listening, &address))
		return fail("cannot make the socket %s: %s", path, strerror(errno));
	control->path = path;
	if (listen(control->listening, 8))
		return fail("cannot listen at %s: %s", path, strerror(errno));
	return STATUS_OK;
}

static void let_go(struct control *control)
{
	if (control->client >= 0)
		close(control->client);
	control->client = -1;
	control->length = 0;
}

void control_destroy(struct control *control)
{
	let_go(control);
	if (control->listening >= 0)
		close(control->listening);
	if (control->path)
		unlink(control->path);
	*control = (struct control){ .listening = -1, .client = -1 };
}

int control_fd(const struct control *control)
{
	return control->client >= 0 ? control->client : control->listening;
}

static int unplug(struct hotplug *hotplug, char *name)
{
	char *force = strchr(name, ' ');

	if (force) {
		*force++ = '\0';
		if (strcmp(force, "force"))
			return misuse("unplug: what follows the name may be force, not %s", force);
	}
	return hotplug_unplug(hotplug, name, force);
}

static int carry_out(struct hotplug *hotplug, char *line, FILE *out)
{
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	if (!strcmp(line, "list") && !rest)
		return hotplug_list(hotplug, out);
	if (!strcmp(line, "plug") && rest)
		return hotplug_plug(hotplug, rest);
	if (!strcmp(line, "unplug") && rest)
		return unplug(hotplug, rest);
	return misuse("commands are: plug DEVICE, unplug NAME [force], list");
}

/* Answer one line. */
static bool answer(struct control *control, char *line)
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
	status = carry_out(control->hotplug, line, out);
	report_into(NULL, 0);
	if (status)
		fprintf(out, "error: %s\n", why);
	else
		fprintf(out, "ok\n");
	sent = !fclose(out) &&
	       send(control->client, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
	free(text);
	return sent;
}

static void serve_client(struct control *control)
{
	ssize_t n = recv(control->client, control->line + control->length,
			 sizeof(control->line) - control->length, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		let_go(control);
		return;
	}
	control->length += n;
	while ((end = memchr(control->line, '\n', control->length))) {
		size_t length = end + 1 - control->line;

		*end = '\0';
		if (!answer(control, control->line)) {
			let_go(control);
			return;
		}
		control->length -= length;
		memmove(control->line, control->line + length, control->length);
	}
	if (control->length == sizeof(control->line))
		let_go(control);
}

void control_serve(struct control *control)
{
	if (control->client >= 0)
		serve_client(control);
	else
		control->client = accept4(control->listening, NULL, NULL, SOCK_CLOEXEC);
}
