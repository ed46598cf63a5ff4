/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events that are always off, as the unit tests have them, where one may ask for that.
 */
#ifndef _FUZZ_TRACEPOINT_H
#define _FUZZ_TRACEPOINT_H

#include <linux/types.h>

#define TP_PROTO(args...)	args

#define FUZZ_EVENT(name, args...)					\
	static inline void trace_##name(args) {}			\
	static inline bool trace_##name##_enabled(void)			\
	{								\
		return false;						\
	}								\
	struct fuzz_trace

#define TRACE_EVENT(name, proto, args...)		FUZZ_EVENT(name, proto)
#define DEFINE_EVENT(class, name, proto, args...)	FUZZ_EVENT(name, proto)
#define DECLARE_EVENT_CLASS(name, args...)	struct fuzz_trace
#define TRACE_DEFINE_ENUM(name)			struct fuzz_trace

#endif /* _FUZZ_TRACEPOINT_H */
