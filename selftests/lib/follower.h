/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FOLLOWER_H
#define FOLLOWER_H

struct follower;
struct mirrors;

struct follower *follower_new(struct mirrors *mirrors, int event);
void follower_free(struct follower *follower);

#endif /* FOLLOWER_H */
