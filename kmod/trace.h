/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvpci

#if !defined(_KVPCI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KVPCI_TRACE_H

#include <linux/kvpci.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

/*
 * What happens to functions, for ftrace, perf and BPF; Documentation/observability.rst
 * tells of each. The arguments are what the code has at hand, so that an event that is off
 * is a nop. What is noted is worked out in trace.c, which alone needs to know more of these
 * types than their names: plain C that unit tests compile includes this too.
 */
struct kvpci_function_bar;
struct kvpci_function;
struct kvpci_vectors;

/* Which function: of the process that made its host bridge, and where it is there. */
#define KVPCI_TRACE_FUNCTION						\
	__field(pid_t, vm)						\
	__field(u16, segment)						\
	__field(u8, bus)						\
	__field(u8, devfn)

#define KVPCI_TRACE_ASSIGN(function)					\
	do {								\
		__entry->vm = (function)->host->owner;			\
		__entry->segment = (function)->host->segment;		\
		__entry->bus = kvpci_function_bus_number(function);	\
		__entry->devfn = (function)->devfn;			\
	} while (0)

#define KVPCI_TRACE_FORMAT	"vm=%d %04x:%02x:%02x.%x "
#define KVPCI_TRACE_ARGS		__entry->vm, __entry->segment, __entry->bus, \
				__entry->devfn >> 3, __entry->devfn & 7

/* And of vectors. */
#define KVPCI_TRACE_OWNER(vectors)	((vectors)->interrupts->function)

#define KVPCI_TRACE_KIND							\
	__print_symbolic(__entry->interrupt, { KVPCI_MSI, "msi" }, { KVPCI_MSIX, "msix" })

/* So that users of the format know its number. */
TRACE_DEFINE_ENUM(KVPCI_MSI);
TRACE_DEFINE_ENUM(KVPCI_MSIX);

DECLARE_EVENT_CLASS(kvpci_function,
		    TP_PROTO(const struct kvpci_function *function),
		    TP_ARGS(function),
		    TP_STRUCT__entry(KVPCI_TRACE_FUNCTION),
		    TP_fast_assign(KVPCI_TRACE_ASSIGN(function);),
		    TP_printk("vm=%d %04x:%02x:%02x.%x", KVPCI_TRACE_ARGS));

DEFINE_EVENT(kvpci_function, kvpci_function_plug,
	     TP_PROTO(const struct kvpci_function *function),
	     TP_ARGS(function));

DEFINE_EVENT(kvpci_function, kvpci_function_unplug,
	     TP_PROTO(const struct kvpci_function *function),
	     TP_ARGS(function));

DEFINE_EVENT(kvpci_function, kvpci_reset,
	     TP_PROTO(const struct kvpci_function *function),
	     TP_ARGS(function));

DECLARE_EVENT_CLASS(kvpci_config,
		    TP_PROTO(const struct kvpci_function *function, u32 offset, u32 len,
			     const void *val),
		    TP_ARGS(function, offset, len, val),
		    TP_STRUCT__entry(KVPCI_TRACE_FUNCTION
			    __field(u16, reg)
			    __field(u8, len)
			    __field(u64, value)
		    ),
		    TP_fast_assign(KVPCI_TRACE_ASSIGN(function);
			    __entry->reg = offset;
			    __entry->len = len;
			    __entry->value = 0;
			    memcpy(&__entry->value, val, min_t(u32, len, 8));
		    ),
		    TP_printk(KVPCI_TRACE_FORMAT "reg=0x%x len=%u value=0x%llx", KVPCI_TRACE_ARGS,
			      __entry->reg, __entry->len, __entry->value));

DEFINE_EVENT(kvpci_config, kvpci_config_read,
	     TP_PROTO(const struct kvpci_function *function, u32 offset, u32 len,
		      const void *val),
	     TP_ARGS(function, offset, len, val));

DEFINE_EVENT(kvpci_config, kvpci_config_write,
	     TP_PROTO(const struct kvpci_function *function, u32 offset, u32 len,
		      const void *val),
	     TP_ARGS(function, offset, len, val));

DECLARE_EVENT_CLASS(kvpci_bar,
		    TP_PROTO(const struct kvpci_function_bar *bar, u64 base),
		    TP_ARGS(bar, base),
		    TP_STRUCT__entry(KVPCI_TRACE_FUNCTION
			    __field(u8, bar)
			    __field(u64, base)
			    __field(u64, size)
		    ),
		    TP_fast_assign(KVPCI_TRACE_ASSIGN(bar->space.function);
			    __entry->bar = bar->index;
			    __entry->base = base;
			    __entry->size = bar->space.size;
		    ),
		    TP_printk(KVPCI_TRACE_FORMAT "bar=%u base=0x%llx size=0x%llx", KVPCI_TRACE_ARGS,
			      __entry->bar, __entry->base, __entry->size));

DEFINE_EVENT(kvpci_bar, kvpci_bar_map,
	     TP_PROTO(const struct kvpci_function_bar *bar, u64 base),
	     TP_ARGS(bar, base));

DEFINE_EVENT(kvpci_bar, kvpci_bar_unmap,
	     TP_PROTO(const struct kvpci_function_bar *bar, u64 base),
	     TP_ARGS(bar, base));

DECLARE_EVENT_CLASS(kvpci_mirror,
		    TP_PROTO(const struct kvpci_function_bar *bar, u64 offset, u64 length),
		    TP_ARGS(bar, offset, length),
		    TP_STRUCT__entry(KVPCI_TRACE_FUNCTION
			    __field(u8, bar)
			    __field(u64, offset)
			    __field(u64, length)
			    __field(u64, base)
		    ),
		    TP_fast_assign(KVPCI_TRACE_ASSIGN(bar->space.function);
			    __entry->bar = bar->index;
			    __entry->offset = offset;
			    __entry->length = length;
			    __entry->base = READ_ONCE(bar->node.base);
		    ),
		    TP_printk(KVPCI_TRACE_FORMAT "bar=%u offset=0x%llx length=0x%llx base=0x%llx",
			      KVPCI_TRACE_ARGS, __entry->bar, __entry->offset, __entry->length,
			      __entry->base));

DEFINE_EVENT(kvpci_mirror, kvpci_mirror_place,
	     TP_PROTO(const struct kvpci_function_bar *bar, u64 offset, u64 length),
	     TP_ARGS(bar, offset, length));

DEFINE_EVENT(kvpci_mirror, kvpci_mirror_withdraw,
	     TP_PROTO(const struct kvpci_function_bar *bar, u64 offset, u64 length),
	     TP_ARGS(bar, offset, length));

TRACE_EVENT(kvpci_vectors_enable,
	    TP_PROTO(const struct kvpci_vectors *vectors, bool enabled),
	    TP_ARGS(vectors, enabled),
	    TP_STRUCT__entry(KVPCI_TRACE_FUNCTION
		    __field(u8, interrupt)
		    __field(bool, enabled)
	    ),
	    TP_fast_assign(KVPCI_TRACE_ASSIGN(KVPCI_TRACE_OWNER(vectors));
		    __entry->interrupt = trace_interrupt(vectors);
		    __entry->enabled = enabled;
	    ),
	    TP_printk(KVPCI_TRACE_FORMAT "%s enabled=%u", KVPCI_TRACE_ARGS, KVPCI_TRACE_KIND,
		      __entry->enabled));

DECLARE_EVENT_CLASS(kvpci_vector,
		    TP_PROTO(const struct kvpci_vectors *vectors, u32 n),
		    TP_ARGS(vectors, n),
		    TP_STRUCT__entry(KVPCI_TRACE_FUNCTION
			    __field(u8, interrupt)
			    __field(u16, vector)
			    __field(bool, enabled)
			    __field(bool, masked)
			    __field(bool, pending)
			    __field(u64, address)
			    __field(u32, data)
		    ),
		    TP_fast_assign(KVPCI_TRACE_ASSIGN(KVPCI_TRACE_OWNER(vectors));
			    __entry->interrupt = trace_interrupt(vectors);
			    __entry->vector = n;
			    __entry->enabled = vectors->enabled;
			    __entry->masked = trace_masked(vectors, n);
			    __entry->pending = trace_pending(vectors, n);
			    __entry->address = trace_message(vectors, n).address;
			    __entry->data = trace_message(vectors, n).data;
		    ),
		    TP_printk(KVPCI_TRACE_FORMAT
			      "%s vector=%u enabled=%u masked=%u pending=%u address=0x%llx data=0x%x",
			      KVPCI_TRACE_ARGS, KVPCI_TRACE_KIND, __entry->vector, __entry->enabled,
			      __entry->masked, __entry->pending, __entry->address, __entry->data));

DEFINE_EVENT(kvpci_vector, kvpci_vector_update,
	     TP_PROTO(const struct kvpci_vectors *vectors, u32 n),
	     TP_ARGS(vectors, n));

DEFINE_EVENT(kvpci_vector, kvpci_vector_send,
	     TP_PROTO(const struct kvpci_vectors *vectors, u32 n),
	     TP_ARGS(vectors, n));

DEFINE_EVENT(kvpci_vector, kvpci_vector_pend,
	     TP_PROTO(const struct kvpci_vectors *vectors, u32 n),
	     TP_ARGS(vectors, n));

DEFINE_EVENT(kvpci_vector, kvpci_vector_withdraw,
	     TP_PROTO(const struct kvpci_vectors *vectors, u32 n),
	     TP_ARGS(vectors, n));

DEFINE_EVENT(kvpci_vector, kvpci_vector_hand,
	     TP_PROTO(const struct kvpci_vectors *vectors, u32 n),
	     TP_ARGS(vectors, n));

DEFINE_EVENT(kvpci_vector, kvpci_vector_recall,
	     TP_PROTO(const struct kvpci_vectors *vectors, u32 n),
	     TP_ARGS(vectors, n));

DEFINE_EVENT(kvpci_vector, kvpci_vector_take_back,
	     TP_PROTO(const struct kvpci_vectors *vectors, u32 n),
	     TP_ARGS(vectors, n));

TRACE_EVENT(kvpci_intx_level,
	    TP_PROTO(const struct kvpci_function *function, bool level),
	    TP_ARGS(function, level),
	    TP_STRUCT__entry(KVPCI_TRACE_FUNCTION
		    __field(bool, level)
	    ),
	    TP_fast_assign(KVPCI_TRACE_ASSIGN(function);
		    __entry->level = level;
	    ),
	    TP_printk(KVPCI_TRACE_FORMAT "level=%u", KVPCI_TRACE_ARGS, __entry->level));

DEFINE_EVENT(kvpci_function, kvpci_intx_signal,
	     TP_PROTO(const struct kvpci_function *function),
	     TP_ARGS(function));

DEFINE_EVENT(kvpci_function, kvpci_intx_ack,
	     TP_PROTO(const struct kvpci_function *function),
	     TP_ARGS(function));

#endif /* _KVPCI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
