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
int baseline_rounds(int times);

/*
 * Does the last argument, done @times times, leave memory? With kselftest_harness.h. The
 * kernel now and then takes some for itself, while what leaks does so in every series: so
 * a series that loses nothing is proof, and there are a few.
 */
#define WARM_UP		20
#define SERIES		3

#define EXPECT_NO_LEAK(times, ...)					\
do {									\
	const int rounds = baseline_rounds(times);			\
	const char *what = "not tried";					\
	struct baseline base;						\
	int round, series;						\
									\
	for (series = 0; what && series < SERIES; series++) {		\
		for (round = rounds < WARM_UP ? -rounds : -WARM_UP; round < rounds;	\
		     round++) {						\
			if (!round)					\
				baseline_take(&base);			\
			__VA_ARGS__;					\
		}							\
		what = baseline_memory(&base, rounds);			\
	}								\
	EXPECT_EQ(NULL, what) {						\
		TH_LOG("%s; %s", what, #__VA_ARGS__);			\
	}								\
} while (0)

#endif /* BASELINE_H */
