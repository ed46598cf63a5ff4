/* SPDX-License-Identifier: GPL-2.0 */
/* What a PC's firmware does for PCI before a kernel runs. */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include "host.h"

/*
 * Give every BAR of the host's functions an address, enable their decoding, and say where pins
 * lead.
 */
int firmware_assign(struct host *host);

#endif /* FIRMWARE_H */
