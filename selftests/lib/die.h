/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DIE_H
#define DIE_H

/* What cannot be tested around ends the test there and then. */
void die_at(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
#define die(...) die_at(__FILE__, __LINE__, __VA_ARGS__)

/* Evaluates to the value of @call, which fails with a negative value. */
#define must(call) ({							\
	__auto_type must_ret = (call);					\
	if (must_ret < 0)						\
		die("%s: %lld: %m", #call, (long long)must_ret);	\
	must_ret;							\
})

#endif /* DIE_H */
