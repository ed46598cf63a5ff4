/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists that are read while they change: a node is complete before it can be found,
 * and readers need no more than plain loads, since each depends on the one before.
 * Every change, and every step of a reader, comes with a pause of random length if a
 * test asks for it, so that they happen in any order.
 */
#ifndef _UNIT_RCULIST_H
#define _UNIT_RCULIST_H

#include <linux/list.h>

void unit_pause(void);
struct hlist_node *unit_step(struct hlist_node *node);

static inline void hlist_add_head_rcu(struct hlist_node *node,
				      struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	WRITE_ONCE(node->next, first);
	node->pprev = &head->first;
	unit_pause();
	__atomic_store_n(&head->first, node, __ATOMIC_RELEASE);
	if (first)
		first->pprev = &node->next;
	unit_pause();
}

static inline void hlist_add_behind_rcu(struct hlist_node *node, struct hlist_node *before)
{
	struct hlist_node *next = before->next;

	WRITE_ONCE(node->next, next);
	node->pprev = &before->next;
	unit_pause();
	__atomic_store_n(&before->next, node, __ATOMIC_RELEASE);
	if (next)
		next->pprev = &node->next;
	unit_pause();
}

/* The node's own next pointer stays, for those who are at the node. */
static inline void hlist_del_rcu(struct hlist_node *node)
{
	__hlist_del(node);
	node->pprev = NULL;
	unit_pause();
}

static inline void hlist_del_init_rcu(struct hlist_node *node)
{
	hlist_del_rcu(node);
}

/* What the kernel's hlist_for_each_entry() gets from one node to the next with. */
#undef hlist_entry_safe
#define hlist_entry_safe(pointer, type, member)				\
({									\
	struct hlist_node *node_ = unit_step(pointer);			\
	node_ ? container_of(node_, type, member) : NULL;		\
})

#define hlist_for_each_entry_rcu(pos, head, member, cond)		\
	hlist_for_each_entry(pos, head, member)

#endif /* _UNIT_RCULIST_H */
