/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BUS_H
#define BUS_H

struct machine;

#define BUS_MAX_FUNCTIONS	255
#define CAPABILITY_MSIX		0x11

void bus_create_host(struct machine *vm);
void bus_create(struct machine *vm, unsigned int functions);

#endif /* BUS_H */
