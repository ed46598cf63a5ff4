/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_FUNCTION_STATE_H
#define _KVPCI_FUNCTION_STATE_H

#include <linux/types.h>

#include "core/state.h"

struct kvpci_function;

void kvpci_function_get_state(struct kvpci_function *function,
			      struct kvpci_state_writer *writer);
int kvpci_function_check_state(const struct kvpci_function *function,
			       struct kvpci_state_reader *reader);
u32 kvpci_function_set_state(struct kvpci_function *function,
			     struct kvpci_state_reader *reader);

#endif /* _KVPCI_FUNCTION_STATE_H */
