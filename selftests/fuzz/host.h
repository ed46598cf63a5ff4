/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_H
#define HOST_H

int fuzz_host_new(void);

#endif /* HOST_H */
