/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_FDINFO_H
#define _KVPCI_FDINFO_H

struct file;
struct seq_file;

void kvpci_host_show_fdinfo(struct seq_file *m, struct file *file);
void kvpci_function_show_fdinfo(struct seq_file *m, struct file *file);

#endif /* _KVPCI_FDINFO_H */
