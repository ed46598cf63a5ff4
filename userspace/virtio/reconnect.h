/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When to try to connect to a daemon again. One that ends again and again, which a guest may be the
 * reason for, is tried less often each time, so that nobody is kept busy and no log is filled.
 */
#ifndef VIRTIO_RECONNECT_H
#define VIRTIO_RECONNECT_H

/**
 * struct reconnect - a way back
 * @path: the socket that the daemon listens at; NULL: there is none
 * @timer: a timerfd, which is readable when it is time to try
 * @delay: milliseconds until then
 * @since: since when there has been a connection
 */
struct reconnect {
	char *path;
	int timer;
	int delay;
	long long since;
};

#define RECONNECT_NONE	((struct reconnect){ .timer = -1 })

/* There is a connection already. Returns 0 or a negative error number. */
int reconnect_create(struct reconnect *reconnect, const char *path);
void reconnect_destroy(struct reconnect *reconnect);

/* It has been lost, and the timer expires at once. */
void reconnect_lost(struct reconnect *reconnect);

/* Let the timer expire when it is time to try. */
void reconnect_later(const struct reconnect *reconnect);

/* There is one again: it does not expire any more. */
void reconnect_made(struct reconnect *reconnect);

#endif /* VIRTIO_RECONNECT_H */
