// SPDX-License-Identifier: GPL-2.0
/* What keys of different types of virtio devices have in common. */
#include <string.h>

#include "parse.h"
#include "report.h"
#include "virtio/key.h"

int key_number(const char *option, const char *key, const char *value, unsigned int min,
	       unsigned int max, unsigned int *number)
{
	__u64 parsed;

	if (!parse_number(value, &parsed) || parsed < min || parsed > max)
		return misuse("%s: %s=%s is not a number from %u to %u", option, key, value, min,
			      max);
	*number = parsed;
	return STATUS_OK;
}

int key_text(const char *option, const char *key, const char *value, const char *what, char **text)
{
	if (*text)
		return misuse("%s: %s= is given twice", option, key);
	if (!*value)
		return misuse("%s: %s= needs %s", option, key, what);
	*text = strdup(value);
	return *text ? STATUS_OK : fail("%s: not enough memory", option);
}

int key_on_off(const char *option, const char *key, const char *value, bool *on)
{
	*on = !strcmp(value, "on");
	if (*on || !strcmp(value, "off"))
		return STATUS_OK;
	return misuse("%s: %s=%s is neither on nor off", option, key, value);
}
