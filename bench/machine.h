/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/kvm.h>

/**
 * struct machine - a virtual machine with one processor
 * @kvm: descriptor of /dev/kvm
 * @fd: descriptor of the machine
 * @vcpu: descriptor of the processor
 * @run: what the processor shares with us
 * @memory: the guest's, from address 0
 * @mirrored: the guest reads without exits what it can
 * @settle: what else a write to SETTLE_PORT has done, if not NULL
 */
struct machine {
	int kvm;
	int fd;
	int vcpu;
	struct kvm_run *run;
	__u8 *memory;
	bool mirrored;
	void (*settle)(struct machine *vm);
};

#define MACHINE_MEMORY	(16UL << 20)

void machine_create(struct machine *vm);
int machine_eventfd(void);
void machine_ioeventfd(struct machine *vm, __u64 address, bool port, int eventfd);
void machine_readonly_page(struct machine *vm, __u64 address);
void machine_load(struct machine *vm, const char *file, const char *command_line);
int machine_run(struct machine *vm);
void die(const char *text, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#endif /* MACHINE_H */
