// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/PID/fdinfo says of host bridges and functions; Documentation/observability.rst
 * tells of each line.
 *
 * Whoever reads it holds a reference to the descriptor, so that what is shown stays. It is
 * as consistent as what one lock guards: the guest goes on from one line to the next.
 */
#include <linux/fs.h>
#include <linux/pci_regs.h>
#include <linux/seq_file.h>

#include "interrupt/interrupts.h"
#include "interrupt/pin.h"
#include "interrupt/vector.h"
#include "ioctl/fdinfo.h"
#include "kvm/kvm.h"
#include "pci/config.h"
#include "pci/function.h"
#include "pci/host.h"
#include "window/cf8.h"

static void show_claim(struct seq_file *m, const char *name, const struct kvpci_claim *claim)
{
	if (claim->length)
		seq_printf(m, "%s:\t0x%llx-0x%llx\n", name, claim->base,
			   claim->base + claim->length - 1);
}

static const char *config_ports(const struct kvpci_host *host)
{
	const struct kvpci_claim *claim = &host->claims[KVPCI_CLAIM_CONFIG_PORTS];

	if (!claim->length)
		return "none";

	return claim->dev.ops == &kvpci_cf8_ops ? "present" : "absent";
}

/**
 * kvpci_host_show_fdinfo() - show_fdinfo of a host bridge's descriptor
 * @m: where to write to
 * @file: the descriptor's
 */
void kvpci_host_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct kvpci_host *host = file->private_data;
	const struct kvpci_function *function;
	unsigned int functions = 0, plugged = 0;

	mutex_lock(&host->lock);
	list_for_each_entry(function, &host->all, link) {
		functions++;
		plugged += function->plugged;
	}
	mutex_unlock(&host->lock);

	seq_printf(m, "segment:\t%04x\n", host->segment);
	seq_printf(m, "buses:\t%02x-%02x\n", host->first_bus, host->last_bus);
	seq_printf(m, "config-ports:\t%s\n", config_ports(host));
	show_claim(m, "ecam", &host->claims[KVPCI_CLAIM_ECAM]);
	show_claim(m, "io", &host->claims[KVPCI_CLAIM_IO]);
	show_claim(m, "mem32", &host->claims[KVPCI_CLAIM_MEM32]);
	show_claim(m, "mem64", &host->claims[KVPCI_CLAIM_MEM64]);
	seq_printf(m, "delivery:\t%s\n", host->direct ? "direct" : "irqfd");
	seq_printf(m, "mirrors:\t%d\n", !!host->mirror_eventfd);
	seq_printf(m, "functions:\t%u\n", functions);
	seq_printf(m, "plugged:\t%u\n", plugged);
}

/* A list of bytes of configuration space; @bytes: they, NULL: none. */
static void show_bytes(struct seq_file *m, const char *name, const unsigned long *bytes)
{
	if (bytes)
		seq_printf(m, "config-%s:\t%*pbl\n", name, KVPCI_CONFIG_SIZE, bytes);
}

static const char *bar_kind(const struct kvpci_function_bar *bar)
{
	if (bar->index == KVPCI_BAR_ROM)
		return "rom";
	if (bar->flags & KVPCI_BAR_IO)
		return "io";
	if (bar->flags & KVPCI_BAR_64BIT)
		return bar->flags & KVPCI_BAR_PREFETCH ? "mem64p" : "mem64";

	return bar->flags & KVPCI_BAR_PREFETCH ? "mem32p" : "mem32";
}

/* Ranges don't change as long as the host's lock is held. */
static void show_bar(struct seq_file *m, struct kvpci_function_bar *bar)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(&bar->space);
	bool mapped;
	u64 base;
	u32 i;

	spin_lock(&bar->space.function->lock);
	mapped = bar->mapped;
	base = bar->node.base;
	spin_unlock(&bar->space.function->lock);

	seq_printf(m, "bar:\t%u kind=%s size=0x%llx", bar->index, bar_kind(bar), bar->space.size);
	if (mapped)
		seq_printf(m, " base=0x%llx", base);
	seq_putc(m, '\n');

	for (i = 0; ranges && i < ranges->nr; i++) {
		const struct kvpci_range *range = ranges->range[i];

		seq_printf(m, "range:\t%u offset=0x%llx length=0x%llx kind=%s\n",
			   bar->index, range->offset, range->length, range->ops->name);
	}
}

static bool vector_is_masked(const struct kvpci_vectors *vectors, u32 n)
{
	return vectors->ops->message(vectors, n).masked;
}

static bool vector_is_bound(const struct kvpci_vectors *vectors, u32 n)
{
	return vectors->vector[n].source;
}

/* A list of the vectors for which something is so. */
static void show_list(struct seq_file *m, const char *kind, const char *name,
		      const struct kvpci_vectors *vectors,
		      bool (*is_so)(const struct kvpci_vectors *vectors, u32 n))
{
	DECLARE_BITMAP(list, KVPCI_MAX_MSIX_VECTORS) = {};
	u32 n;

	spin_lock_irq(&vectors->interrupts->lock);
	for (n = 0; n < vectors->nr; n++)
		if (is_so(vectors, n))
			__set_bit(n, list);
	spin_unlock_irq(&vectors->interrupts->lock);

	seq_printf(m, "%s-%s:\t%*pbl\n", kind, name, vectors->nr, list);
}

static void show_vectors(struct seq_file *m, const char *kind,
			 const struct kvpci_vectors *vectors)
{
	seq_printf(m, "%s-vectors:\t%u\n", kind, vectors->nr);
	seq_printf(m, "%s-enabled:\t%d\n", kind, vectors->chosen);
	show_list(m, kind, "masked", vectors, vector_is_masked);
	show_list(m, kind, "pending", vectors, kvpci_vector_is_pending);
	show_list(m, kind, "bound", vectors, vector_is_bound);
	show_list(m, kind, "routed", vectors, kvpci_vector_has_route);
	show_list(m, kind, "handed", vectors, kvpci_vector_is_handed);
	show_list(m, kind, "recalled", vectors, kvpci_vector_is_recalled);
}

static void show_ways(struct seq_file *m, const struct kvpci_function *function)
{
	const struct kvpci_interrupts *interrupts = &function->interrupts;
	const struct kvpci_regs *config = &function->config;

	if (interrupts->pin) {
		seq_printf(m, "intx-pin:\t%c\n", 'a' + config->value[PCI_INTERRUPT_PIN] - 1);
		seq_printf(m, "intx-level:\t%d\n",
			   !!(kvpci_config_u16(config, PCI_STATUS) & PCI_STATUS_INTERRUPT));
		seq_printf(m, "intx-bound:\t%d\n", kvpci_pin_is_bound(interrupts->pin));
	}
	if (interrupts->msi)
		show_vectors(m, "msi", interrupts->msi);
	if (interrupts->msix) {
		show_vectors(m, "msix", interrupts->msix);
		seq_printf(m, "msix-function-mask:\t%d\n", interrupts->msix->masked);
	}
}

/**
 * kvpci_function_show_fdinfo() - show_fdinfo of a function's descriptor
 * @m: where to write to
 * @file: the descriptor's
 */
void kvpci_function_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct kvpci_function *function = file->private_data;
	struct kvpci_host *host = function->host;
	u16 command = kvpci_config_u16(&function->config, PCI_COMMAND);
	int i;

	/* What is plugged, bound, behind BARs, and userspace's; and that lists of them stay. */
	mutex_lock(&host->lock);
	seq_printf(m, "function:\t%04x:%02x:%02x.%x\n", host->segment,
		   kvpci_function_bus_number(function), function->devfn >> 3, function->devfn & 7);
	seq_printf(m, "host-closed:\t%d\n", !host->kvm);
	seq_printf(m, "plugged:\t%d\n", function->plugged);
	seq_printf(m, "user-data:\t0x%llx\n", function->user_data);
	seq_printf(m, "bus-master:\t%d\n", !!(command & PCI_COMMAND_MASTER));
	show_bytes(m, "userspace", kvpci_host_dereference(host, function->traps));
	show_bytes(m, "exits", function->exits);
	for (i = 0; i < function->bars.nr; i++)
		show_bar(m, &function->bars.bar[i]);
	seq_printf(m, "doorbells:\t%u\n", function->nr_doorbells);
	show_ways(m, function);
	mutex_unlock(&host->lock);
}
