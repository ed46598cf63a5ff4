/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values of keys in descriptions of virtio devices. @option is how the user names the type, such as
 * "--disk". They return STATUS_OK, or say what to write and return what misuse() does.
 */
#ifndef VIRTIO_KEY_H
#define VIRTIO_KEY_H

#include <stdbool.h>

/* A number from @min to @max. */
int key_number(const char *option, const char *key, const char *value, unsigned int min,
	       unsigned int max, unsigned int *number);

/*
 * A text of at least one byte, once. @what it is, for who has left it out, such as "the name of a
 * file". It is the caller's to free.
 */
int key_text(const char *option, const char *key, const char *value, const char *what,
	     char **text);

/* on or off */
int key_on_off(const char *option, const char *key, const char *value, bool *on);

#endif /* VIRTIO_KEY_H */
