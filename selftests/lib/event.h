/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVENT_H
#define EVENT_H

#include <linux/types.h>

int event_new(void);
void event_signal(int eventfd);
__u64 event_count(int eventfd);

#endif /* EVENT_H */
