/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_INODE_H
#define _VPCI_INODE_H

#include <linux/fs.h>

struct file *vpci_inode_open(const char *name, const struct file_operations *fops,
			     void *private_data);
void vpci_inode_release(void);

#endif /* _VPCI_INODE_H */
