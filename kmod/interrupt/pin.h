/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_PIN_H
#define _KVPCI_PIN_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct eventfd_ctx;
struct file;
struct list_head;
struct kvpci_interrupts;
struct kvpci_pin;

int kvpci_pin_add(struct kvpci_interrupts *interrupts, u8 *status);
void kvpci_pin_destroy(struct kvpci_pin *pin);
void kvpci_pin_set_level(struct kvpci_pin *pin, bool level);
void kvpci_pin_follow(struct kvpci_pin *pin);
void kvpci_pin_reset(struct kvpci_pin *pin);
void kvpci_pin_get_state(const struct kvpci_pin *pin, struct kvpci_state_intx *state);
void kvpci_pin_set_state(struct kvpci_pin *pin, const struct kvpci_state_intx *state);
int kvpci_pin_bind(struct kvpci_pin *pin, struct list_head *listeners,
		   struct file *file, struct eventfd_ctx **ack);
int kvpci_pin_unbind(struct kvpci_pin *pin);
int kvpci_pin_set_route(struct kvpci_pin *pin, struct eventfd_ctx **eventfd,
			struct list_head *listeners, struct file *resample_file);
void kvpci_pin_stop_listening(struct kvpci_pin *pin);
bool kvpci_pin_is_bound(const struct kvpci_pin *pin);
bool kvpci_pin_signals(const struct kvpci_pin *pin,
		       const struct eventfd_ctx *eventfd);
bool kvpci_pin_listens_to(const struct kvpci_pin *pin,
			  const struct eventfd_ctx *eventfd);

#endif /* _KVPCI_PIN_H */
