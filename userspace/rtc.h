/* SPDX-License-Identifier: GPL-2.0 */
/* The real-time clock. */
#ifndef RTC_H
#define RTC_H

#include "ports.h"

void rtc_create(struct ports *ports);

#endif /* RTC_H */
