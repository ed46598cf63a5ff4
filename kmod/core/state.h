/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_STATE_H
#define _KVPCI_STATE_H

#include <linux/kvpci.h>
#include <linux/types.h>

/**
 * struct kvpci_state_writer - a sequence of records that is being written
 * @data: where, or NULL: it is only measured
 * @length: bytes so far
 */
struct kvpci_state_writer {
	u8 *data;
	u64 length;
};

/**
 * struct kvpci_state_reader - a sequence of records that is being read
 * @data: the records, aligned to 8 bytes
 * @length: how many bytes are left
 */
struct kvpci_state_reader {
	const u8 *data;
	u64 length;
};

void *kvpci_state_add(struct kvpci_state_writer *writer,
		      const struct kvpci_state_record *record);
int kvpci_state_next(struct kvpci_state_reader *reader,
		     const struct kvpci_state_record *expected, const void **contents);

#endif /* _KVPCI_STATE_H */
