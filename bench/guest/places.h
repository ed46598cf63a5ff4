/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the bench's runner and its guest have agreed on: where the runner has put things
 * for the guest that no other machine has, and what is to be sent to it.
 */
#ifndef PLACES_H
#define PLACES_H

/* KVM alone: ioeventfds nobody listens to, and nothing, at which the access exits. */
#define FLOOR_EVENTFD_PORT	0x5e0
#define FLOOR_EXIT_PORT		0x5e8
#define FLOOR_EVENTFD_MMIO	0xd8000000
#define FLOOR_EXIT_MMIO		0xd8001000
/* An ioeventfd in memory that can only be read, to which writes exit. */
#define FLOOR_EVENTFD_READONLY	0xd8003000

/* An ioeventfd that sends the message, or triggers the last vector; KVM alone: another. */
#define SEND_PORT		0x5f0
#define SEND_MMIO		0xd8002000

/* With MSI-X: an exit that triggers vectors 0, STRIDE, 2 * STRIDE and so on. */
#define TRIGGER_MANY_PORT	0x5f4
#define TRIGGER_MANY		64
#define TRIGGER_STRIDE		32

/*
 * A write has the runner do what a launcher does about messages that wait for a route and
 * about mirrors. Elsewhere nothing is there.
 */
#define SETTLE_PORT		0x5f8

/* With MSI-X: a register in BAR 0 that triggers the last vector. */
#define TRIGGER_REGISTER	0x9000

/* One that is mirrored if anything is; in QEMU's device there are pending bits. */
#define MIRRORED_REGISTER	0xa000

/*
 * A doorbell for writes of any length, which is there when the guest has written to a port:
 * it has KVM look for such before it decodes.
 */
#define DOORBELL_PORT		0x5fc
#define DOORBELL		0xb000

/* The message: vector 64 of the processor whose local APIC has ID 0. */
#define MESSAGE_ADDRESS		0xfee00000
#define MESSAGE_DATA		64

#endif /* PLACES_H */
