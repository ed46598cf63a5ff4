/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/kvm.h>

struct kvpci_host;

/**
 * struct machine - a virtual machine with one processor
 * @kvm: descriptor of /dev/kvm
 * @fd: descriptor of the machine
 * @vcpu: descriptor of the processor
 * @run: what the processor shares with us
 * @memory: the guest's, from address 0
 * @mirrored: the guest reads without exits what it can
 * @bridge: the host bridge, or NULL
 * @trigger_many: what a write to TRIGGER_MANY_PORT has done, if not NULL
 * @add_doorbell: what a write to DOORBELL_PORT has done, if not NULL
 */
struct machine {
	int kvm;
	int fd;
	int vcpu;
	struct kvm_run *run;
	__u8 *memory;
	bool mirrored;
	struct kvpci_host *bridge;
	void (*trigger_many)(struct machine *vm);
	void (*add_doorbell)(struct machine *vm);
};

#define MACHINE_MEMORY	(16UL << 20)

void machine_create(struct machine *vm);
void machine_ioeventfd(struct machine *vm, __u64 address, bool port, int eventfd);
void machine_readonly_page(struct machine *vm, __u64 address);
void machine_load(struct machine *vm, const char *file, const char *command_line);
int machine_run(struct machine *vm);

#endif /* MACHINE_H */
