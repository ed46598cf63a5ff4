/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists that nobody else reads.
 */
#ifndef _FUZZ_RCULIST_H
#define _FUZZ_RCULIST_H

#include <linux/list.h>
#include <linux/rcupdate.h>

static inline void hlist_add_head_rcu(struct hlist_node *node, struct hlist_head *head)
{
	hlist_add_head(node, head);
}

static inline void hlist_add_behind_rcu(struct hlist_node *node, struct hlist_node *before)
{
	hlist_add_behind(node, before);
}

static inline void hlist_del_rcu(struct hlist_node *node)
{
	__hlist_del(node);
	node->pprev = NULL;
}

static inline void hlist_del_init_rcu(struct hlist_node *node)
{
	hlist_del_init(node);
}

#define hlist_for_each_entry_rcu(pos, head, member, cond)		\
	hlist_for_each_entry(pos, head, member)

#endif /* _FUZZ_RCULIST_H */
