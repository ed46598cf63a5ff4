/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_FDINFO_H
#define _VPCI_FDINFO_H

struct file;
struct seq_file;

void vpci_host_show_fdinfo(struct seq_file *m, struct file *file);
void vpci_function_show_fdinfo(struct seq_file *m, struct file *file);

#endif /* _VPCI_FDINFO_H */
