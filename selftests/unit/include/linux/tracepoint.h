/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events that are always off.
 */
#ifndef _UNIT_TRACEPOINT_H
#define _UNIT_TRACEPOINT_H

#define TP_PROTO(args...)	args

#define TRACE_EVENT(name, proto, args...)				\
	static inline void trace_##name(proto) {}			\
	struct unit_trace
#define DEFINE_EVENT(class, name, proto, args...)			\
	static inline void trace_##name(proto) {}			\
	struct unit_trace
#define DECLARE_EVENT_CLASS(name, args...)	struct unit_trace
#define TRACE_DEFINE_ENUM(name)			struct unit_trace

#endif /* _UNIT_TRACEPOINT_H */
