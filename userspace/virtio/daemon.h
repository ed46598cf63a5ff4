/* SPDX-License-Identifier: GPL-2.0 */
/* Daemons of ours, each of which serves one device by vhost-user. */
#ifndef VIRTIO_DAEMON_H
#define VIRTIO_DAEMON_H

#include <linux/types.h>
#include <stdbool.h>

/* Which descriptors of the daemon's are the socket that it listens at, and what it is to keep. */
#define DAEMON_SOCKET	3
#define DAEMON_KEPT	4

/**
 * struct daemon_program - how a daemon is started
 * @name: what messages call it
 * @package: which package of Debian it is in
 * @files: where it is: names of files, or names that are looked for in PATH; the first that there
 *	is, up to NULL
 * @argv: its arguments, up to NULL
 * @capabilities: a superuser's launcher leaves it these, one bit each (linux/capability.h)
 * @file: the name of what is kept, which a superuser's launcher has it serve as the user and the
 *	group to whom that belongs, without capabilities, if that user may open it; NULL: as it is
 * @access: how it is to be opened, O_RDONLY or O_RDWR
 * @max_files: how many descriptors it needs, if it can have as many; 0: as the launcher
 * @explains_last: why it ends it says in its last line, not in its first
 * @finishes: it has something to do before it ends, and if it does not get to that, it is left
 *	behind when the launcher is killed
 * @confined: it writes to nothing but what is kept (confine.h)
 * @kept: a descriptor that it is to have besides
 */
struct daemon_program {
	const char *name;
	const char *package;
	const char *const *files;
	const char *const *argv;
	__u64 capabilities;
	const char *file;
	int access;
	unsigned int max_files;
	bool explains_last;
	bool finishes;
	bool confined;
	int kept;
};

struct daemon;

/*
 * Start one, which is to serve @what, such as "the disk FILE". @socket is connected to it; it may
 * not run yet. Says why if it fails, as all here do.
 */
int daemon_start(struct daemon **daemon, const struct daemon_program *program, const char *what,
		 int *socket);

/* Is that in what it has said? */
bool daemon_has_said(const struct daemon *daemon, const char *text);

/* It does not answer as it should: say why. */
int daemon_explain(struct daemon *daemon, int error);

/*
 * End it at once; NULL: there is none. Messages call the device @label. Says so if it is still
 * there some seconds later, which only what the kernel does for it can be the reason for.
 * daemon_end() has to be called all the same.
 */
void daemon_kill(struct daemon *daemon, const char *label);

/* Has it? After daemon_kill(). */
bool daemon_has_ended(const struct daemon *daemon);

/* End it, in order if it can; NULL: there is none. */
void daemon_end(struct daemon *daemon);

#endif /* VIRTIO_DAEMON_H */
