/* SPDX-License-Identifier: GPL-2.0 */
/* Loads the kernel module. */
#ifndef MODULE_H
#define MODULE_H

/* Load kvpci from the file @path, or if that is NULL from where modules are installed. */
int module_load(const char *path);

#endif /* MODULE_H */
