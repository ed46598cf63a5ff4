/* SPDX-License-Identifier: GPL-2.0 */
/* The real-time clock. */
#ifndef RTC_H
#define RTC_H

#include "memory.h"
#include "ports.h"

void rtc_create(struct ports *ports, struct guest_memory *memory);

#endif /* RTC_H */
