/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_INODE_H
#define _KVPCI_INODE_H

#include <linux/fs.h>

struct file *kvpci_inode_open(const char *name, const struct file_operations *fops,
			      void *private_data);
void kvpci_inode_release(void);

#endif /* _KVPCI_INODE_H */
