// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that the debug kernel has to find, for scripts/test-debug-kernel: a checker that
 * is not there, or is off, would find none in kvpci either. Loading the module makes them,
 * one after the other; before each, the kernel log has words that its report must have. All
 * are harmless enough for the kernel to go on to the next.
 *
 * Lockdep stops when it, or KASAN, has found something, so that what needs it comes first.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

/* For READ_ONCE() and WRITE_ONCE(), so that the compiler does not see what is wrong. */
static unsigned int five = 5, forty = 40, hundred = 100;
static unsigned long sink;

static void use_after_free(void)
{
	unsigned long *p = kmalloc(64, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	kfree(p);
	if (p)
		WRITE_ONCE(sink, READ_ONCE(*p));
}

static void heap_out_of_bounds(void)
{
	u8 *p = kmalloc(READ_ONCE(hundred), GFP_KERNEL);

	if (p)
		WRITE_ONCE(sink, READ_ONCE(p[READ_ONCE(hundred)]));
	kfree(p);
}

static void vmalloc_out_of_bounds(void)
{
	u8 *p = vmalloc(READ_ONCE(hundred));

	if (p)
		WRITE_ONCE(sink, READ_ONCE(p[READ_ONCE(hundred)]));
	vfree(p);
}

static void shift_too_far(void)
{
	WRITE_ONCE(sink, 1U << READ_ONCE(forty));
}

static void index_out_of_bounds(void)
{
	static unsigned int array[4];

	WRITE_ONCE(sink, array[READ_ONCE(five)]);
}

static void leak(void)
{
	int i;

	/* A stale pointer to one of them may be somewhere, but not to all. */
	for (i = 0; i < 10; i++)
		WRITE_ONCE(sink, !!kmalloc(1000 + i, GFP_KERNEL));
}

struct with_timer {
	struct timer_list timer;
};

static void ring(struct timer_list *timer)
{
}

static void free_active_timer(void)
{
	struct with_timer *p = kmalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return;
	timer_setup(&p->timer, ring, 0);
	mod_timer(&p->timer, jiffies + 3600 * HZ);
	kfree(p);
}

static void delete_twice(void)
{
	LIST_HEAD(list);
	struct list_head entry;

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);

static void sleep_with_lock(void)
{
	spin_lock(&lock_a);
	might_sleep();
	spin_unlock(&lock_a);
}

static void which_processor(void)
{
	WRITE_ONCE(sink, smp_processor_id());
}

static void __rcu *published;

static void dereference_unlocked(void)
{
	WRITE_ONCE(sink, !!rcu_dereference(published));
}

static void lock_in_both_orders(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);

	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

static const struct {
	const char *report;
	void (*make)(void);
} mistakes[] = {
	{ "suspicious RCU usage", dereference_unlocked },
	{ "possible circular locking dependency", lock_in_both_orders },
	{ "KASAN: use-after-free", use_after_free },
	{ "KASAN: slab-out-of-bounds", heap_out_of_bounds },
	{ "KASAN: vmalloc-out-of-bounds", vmalloc_out_of_bounds },
	{ "UBSAN: shift-out-of-bounds", shift_too_far },
	{ "UBSAN: array-index-out-of-bounds", index_out_of_bounds },
	{ "ODEBUG: free active", free_active_timer },
	{ "list_del corruption", delete_twice },
	{ "sleeping function called from invalid context", sleep_with_lock },
	{ "using smp_processor_id() in preemptible", which_processor },
	{ "new suspected memory leaks", leak },
};

static int __init planted_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		pr_info("%d of %zu: %s\n", i + 1, ARRAY_SIZE(mistakes),
			mistakes[i].report);
		mistakes[i].make();
	}
	return 0;
}
module_init(planted_init);

static void __exit planted_exit(void)
{
}
module_exit(planted_exit);

MODULE_DESCRIPTION("mistakes that the debug kernel has to find");
MODULE_LICENSE("GPL");
