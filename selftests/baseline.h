/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BASELINE_H
#define BASELINE_H

#define MAX_CACHES	96

/**
 * struct baseline - what is in use at some time
 * @fds: open descriptors of this process
 * @module: uses of kvpci.ko
 * @kvm: uses of KVM's module for this processor; each virtual machine is some
 * @free_kb: free memory of the system
 * @nr_caches: entries of @cache
 * @cache: the kernel's kmalloc caches
 */
struct baseline {
	int fds;
	int module;
	int kvm;
	long free_kb;
	int nr_caches;
	struct {
		char name[32];
		long objects;
	} cache[MAX_CACHES];
};

void baseline_take(struct baseline *baseline);
const char *baseline_users(const struct baseline *baseline);
const char *baseline_memory(const struct baseline *baseline, int times);

#endif /* BASELINE_H */
