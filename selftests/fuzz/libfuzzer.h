/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libFuzzer calls, and what it has, for which it has no header for C.
 */
#ifndef LIBFUZZER_H
#define LIBFUZZER_H

#include <linux/types.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned int seed);

#endif /* LIBFUZZER_H */
