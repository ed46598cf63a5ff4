/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WORD_H
#define WORD_H

#include <stdbool.h>

/* Does @text begin with @word, and go on with something else, or not at all? */
static inline bool is_word(const char *text, const char *word)
{
	while (*word && *text == *word) {
		text++;
		word++;
	}
	return !*word && (!*text || *text == ' ');
}

#endif /* WORD_H */
