/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FOLLOWER_H
#define FOLLOWER_H

#include <libkvpci.h>

struct follower;

struct follower *follower_new(struct kvpci_host *bridge);
void follower_free(struct follower *follower);
void follower_settle(struct follower *follower);

#endif /* FOLLOWER_H */
