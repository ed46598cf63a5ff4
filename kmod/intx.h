/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_INTX_H
#define _VPCI_INTX_H

#include <linux/types.h>

struct eventfd_ctx;
struct file;
struct list_head;
struct vpci_interrupts;
struct vpci_intx;

int vpci_intx_add(struct vpci_interrupts *interrupts, u8 pin);
void vpci_intx_destroy(struct vpci_intx *intx);
void vpci_intx_set_level(struct vpci_intx *intx, bool level);
void vpci_intx_follow(struct vpci_intx *intx);
void vpci_intx_reset(struct vpci_intx *intx);
int vpci_intx_bind(struct vpci_intx *intx, struct list_head *listeners,
		   struct file *file, struct eventfd_ctx **ack);
int vpci_intx_unbind(struct vpci_intx *intx);
int vpci_intx_set_route(struct vpci_intx *intx, struct eventfd_ctx **eventfd,
			struct list_head *listeners, struct file *resample_file);
void vpci_intx_stop_listening(struct vpci_intx *intx);
bool vpci_intx_is_bound(const struct vpci_intx *intx);
bool vpci_intx_signals(const struct vpci_intx *intx,
		       const struct eventfd_ctx *eventfd);
bool vpci_intx_listens_to(const struct vpci_intx *intx,
			  const struct eventfd_ctx *eventfd);

#endif /* _VPCI_INTX_H */
