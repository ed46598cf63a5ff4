// SPDX-License-Identifier: GPL-2.0
/*
 * A driver, in Linux guests, for the devices whose interrupts are tested: see
 * boot_interrupts in linux-guest.sh. They interrupt when told to.
 *
 *	1b36:1120	MSI-X
 *	1b36:1121	MSI
 *	1b36:1122	INTx
 *	1234:11e8	QEMU's edu: MSI, or INTx if the module's parameter "intx" says so
 *
 * BAR 0 has registers of 4 bytes. A write to number N triggers vector N. That to number 0
 * raises INTx, and one to number 1 lowers it. edu has the same two elsewhere.
 *
 * A test is made by writing to one of these files in the device's folder in sysfs. It
 * fails with EIO, and the kernel log tells why, or with ENODEV if the device has been pulled out.
 *
 *	single	"VECTOR COUNT": trigger, wait for the interrupt, and so on
 *	burst	"VECTOR COUNT": trigger as fast as possible, then wait until all is quiet
 *	masked	"VECTOR": mask, trigger, see that the vector is pending, unmask
 *
 * These can be read:
 *
 *	irqs	Linux's interrupt numbers, in the order of vectors
 *	handled	how often the handlers ran
 *	pending	what the device itself says is pending of vectors 0 to 31, 0 for nothing
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#define MAX_VECTORS	128
#define REGISTER_SIZE	4

/* Enough for a machine that is emulated twice. */
#define LOST		(60 * HZ)
#define LOOK		(HZ / 10)
#define QUIET_MS	200

struct irqtest_vector {
	struct irqtest *irqtest;
	unsigned int number;
	int irq;
	atomic_t handled;
	char name[32];
};

struct irqtest_kind {
	unsigned int type;		/* PCI_IRQ_... */
	unsigned int first;		/* where the registers are in BAR 0 */
};

struct irqtest {
	struct pci_dev *pdev;
	const struct irqtest_kind *kind;
	void __iomem *registers;
	void __iomem *pba;		/* NULL unless it has MSI-X */
	wait_queue_head_t wait;
	int nr;
	struct irqtest_vector vectors[MAX_VECTORS];
};

static bool intx;
module_param(intx, bool, 0444);
MODULE_PARM_DESC(intx, "use INTx even if the device has MSI or MSI-X");

static bool uses_intx(const struct irqtest *irqtest)
{
	return !irqtest->pdev->msi_enabled && !irqtest->pdev->msix_enabled;
}

static void trigger(const struct irqtest_vector *vector)
{
	writel(1, vector->irqtest->registers + REGISTER_SIZE * vector->number);
}

static irqreturn_t handle(int irq, void *data)
{
	struct irqtest_vector *vector = data;
	struct irqtest *irqtest = vector->irqtest;
	u16 status;

	if (uses_intx(irqtest)) {
		/* The line is shared: was it us? */
		pci_read_config_word(irqtest->pdev, PCI_STATUS, &status);
		if (!(status & PCI_STATUS_INTERRUPT))
			return IRQ_NONE;
		writel(1, irqtest->registers + REGISTER_SIZE);
	}
	atomic_inc(&vector->handled);
	wake_up(&irqtest->wait);
	return IRQ_HANDLED;
}

static int failed(const struct irqtest_vector *vector, const char *what)
{
	dev_err(&vector->irqtest->pdev->dev, "vector %u: %s (%d handled)\n",
		vector->number, what, atomic_read(&vector->handled));
	return -EIO;
}

/* Wait until the handler has run more than @handled times; not if the device has gone. */
static int wait_for_more(struct irqtest_vector *vector, int handled)
{
	const unsigned long lost = jiffies + LOST;

	while (!wait_event_timeout(vector->irqtest->wait,
				   atomic_read(&vector->handled) != handled, LOOK)) {
		if (pci_channel_offline(vector->irqtest->pdev))
			return -ENODEV;
		if (time_after(jiffies, lost))
			return failed(vector, "no interrupt came");
	}
	return 0;
}

/* A bit for each vector, of those that have a number below 32. */
static u32 read_pending(const struct irqtest *irqtest)
{
	struct pci_dev *pdev = irqtest->pdev;
	u32 pending = 0;
	u16 word;

	if (irqtest->pba)
		return readl(irqtest->pba);
	if (uses_intx(irqtest)) {
		pci_read_config_word(pdev, PCI_STATUS, &word);
		return !!(word & PCI_STATUS_INTERRUPT);
	}
	pci_read_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, &word);
	if (word & PCI_MSI_FLAGS_MASKBIT)
		pci_read_config_dword(pdev, pdev->msi_cap +
				      (word & PCI_MSI_FLAGS_64BIT ? PCI_MSI_PENDING_64 :
								    PCI_MSI_PENDING_32),
				      &pending);
	return pending;
}

static int do_single(struct irqtest_vector *vector, unsigned int count)
{
	int ret = 0;

	while (!ret && count--) {
		int handled = atomic_read(&vector->handled);

		trigger(vector);
		ret = wait_for_more(vector, handled);
		/* Other signals must not interrupt: a shell would write again. */
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return ret;
}

static int do_burst(struct irqtest_vector *vector, unsigned int count)
{
	int handled = atomic_read(&vector->handled);
	int ret;

	while (count--)
		trigger(vector);
	ret = wait_for_more(vector, handled);
	while (!ret && handled != atomic_read(&vector->handled)) {
		handled = atomic_read(&vector->handled);
		msleep(QUIET_MS);
	}
	return ret;
}

static int do_masked(struct irqtest_vector *vector)
{
	int handled = atomic_read(&vector->handled);
	int ret;

	if (vector->number >= BITS_PER_TYPE(u32))
		return -EINVAL;
	disable_irq(vector->irq);
	trigger(vector);
	trigger(vector);
	msleep(QUIET_MS);
	if (atomic_read(&vector->handled) != handled)
		ret = failed(vector, "an interrupt came while it was masked");
	else if (!(read_pending(vector->irqtest) & BIT(vector->number)))
		ret = failed(vector, "masked and triggered, it is not pending");
	else
		ret = 0;
	enable_irq(vector->irq);
	if (ret)
		return ret;
	ret = wait_for_more(vector, handled);
	msleep(QUIET_MS);
	if (!ret && atomic_read(&vector->handled) != handled + 1)
		ret = failed(vector, "what was pending came more than once");
	return ret;
}

/* Read "VECTOR COUNT" or "VECTOR". */
static struct irqtest_vector *find_vector(struct device *dev, const char *text,
					  unsigned int *count)
{
	struct irqtest *irqtest = dev_get_drvdata(dev);
	unsigned int number;
	int n;

	n = sscanf(text, "%u %u", &number, count);
	if (n < 1 || number >= irqtest->nr)
		return NULL;
	if (n < 2)
		*count = 1;
	return &irqtest->vectors[number];
}

static ssize_t single_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t size)
{
	unsigned int count;
	struct irqtest_vector *vector = find_vector(dev, buf, &count);
	int ret = vector ? do_single(vector, count) : -EINVAL;

	return ret ?: size;
}
static DEVICE_ATTR_WO(single);

static ssize_t burst_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t size)
{
	unsigned int count;
	struct irqtest_vector *vector = find_vector(dev, buf, &count);
	int ret = vector ? do_burst(vector, count) : -EINVAL;

	return ret ?: size;
}
static DEVICE_ATTR_WO(burst);

static ssize_t masked_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t size)
{
	unsigned int count;
	struct irqtest_vector *vector = find_vector(dev, buf, &count);
	int ret = vector ? do_masked(vector) : -EINVAL;

	return ret ?: size;
}
static DEVICE_ATTR_WO(masked);

static ssize_t irqs_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct irqtest *irqtest = dev_get_drvdata(dev);
	ssize_t len = 0;
	int i;

	for (i = 0; i < irqtest->nr; i++)
		len += sysfs_emit_at(buf, len, "%d\n", irqtest->vectors[i].irq);
	return len;
}
static DEVICE_ATTR_RO(irqs);

static ssize_t handled_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct irqtest *irqtest = dev_get_drvdata(dev);
	ssize_t len = 0;
	int i;

	for (i = 0; i < irqtest->nr; i++)
		len += sysfs_emit_at(buf, len, "%d\n",
				     atomic_read(&irqtest->vectors[i].handled));
	return len;
}
static DEVICE_ATTR_RO(handled);

static ssize_t pending_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%x\n", read_pending(dev_get_drvdata(dev)));
}
static DEVICE_ATTR_RO(pending);

static struct attribute *irqtest_attrs[] = {
	&dev_attr_single.attr,
	&dev_attr_burst.attr,
	&dev_attr_masked.attr,
	&dev_attr_irqs.attr,
	&dev_attr_handled.attr,
	&dev_attr_pending.attr,
	NULL
};
ATTRIBUTE_GROUPS(irqtest);

static int map(struct irqtest *irqtest)
{
	struct pci_dev *pdev = irqtest->pdev;
	u32 pba;

	irqtest->registers = pci_iomap_range(pdev, 0, irqtest->kind->first, 0);
	if (!irqtest->registers)
		return -ENOMEM;
	if (irqtest->kind->type != PCI_IRQ_MSIX)
		return 0;
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_PBA, &pba);
	irqtest->pba = pci_iomap_range(pdev, pba & PCI_MSIX_PBA_BIR,
				       pba & PCI_MSIX_PBA_OFFSET, 8);
	return irqtest->pba ? 0 : -ENOMEM;
}

static void unmap(struct irqtest *irqtest)
{
	if (irqtest->pba)
		pci_iounmap(irqtest->pdev, irqtest->pba);
	if (irqtest->registers)
		pci_iounmap(irqtest->pdev, irqtest->registers);
}

static void free_vectors(struct irqtest *irqtest, int requested)
{
	while (requested--)
		free_irq(irqtest->vectors[requested].irq, &irqtest->vectors[requested]);
	pci_free_irq_vectors(irqtest->pdev);
}

static int request_vectors(struct irqtest *irqtest)
{
	const unsigned int type = intx ? PCI_IRQ_LEGACY : irqtest->kind->type;
	struct pci_dev *pdev = irqtest->pdev;
	int ret, i;

	irqtest->nr = pci_alloc_irq_vectors(pdev, 1, MAX_VECTORS, type);
	if (irqtest->nr < 0)
		return irqtest->nr;
	for (i = 0; i < irqtest->nr; i++) {
		struct irqtest_vector *vector = &irqtest->vectors[i];

		vector->irqtest = irqtest;
		vector->number = i;
		vector->irq = pci_irq_vector(pdev, i);
		snprintf(vector->name, sizeof(vector->name), "irqtest-%02x.%x-%d",
			 PCI_SLOT(pdev->devfn), PCI_FUNC(pdev->devfn), i);
		ret = request_irq(vector->irq, handle,
				  type == PCI_IRQ_LEGACY ? IRQF_SHARED : 0,
				  vector->name, vector);
		if (ret) {
			free_vectors(irqtest, i);
			return ret;
		}
		/* disable_irq() masks at once, and not when the next interrupt comes. */
		irq_set_status_flags(vector->irq, IRQ_DISABLE_UNLAZY);
	}
	return 0;
}

enum { HAS_MSIX, HAS_MSI, HAS_INTX, IS_EDU };

static const struct irqtest_kind kinds[] = {
	[HAS_MSIX] = { .type = PCI_IRQ_MSIX },
	[HAS_MSI] = { .type = PCI_IRQ_MSI },
	[HAS_INTX] = { .type = PCI_IRQ_LEGACY },
	[IS_EDU] = { .type = PCI_IRQ_MSI, .first = 0x60 },
};

static int irqtest_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct irqtest *irqtest;
	int ret;

	irqtest = devm_kzalloc(&pdev->dev, sizeof(*irqtest), GFP_KERNEL);
	if (!irqtest)
		return -ENOMEM;
	irqtest->pdev = pdev;
	irqtest->kind = &kinds[id->driver_data];
	init_waitqueue_head(&irqtest->wait);
	pci_set_drvdata(pdev, irqtest);

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = map(irqtest);
	if (!ret)
		ret = request_vectors(irqtest);
	if (ret) {
		unmap(irqtest);
		pci_disable_device(pdev);
	}
	return ret;
}

static void irqtest_remove(struct pci_dev *pdev)
{
	struct irqtest *irqtest = pci_get_drvdata(pdev);

	free_vectors(irqtest, irqtest->nr);
	unmap(irqtest);
	pci_disable_device(pdev);
}

static const struct pci_device_id irqtest_ids[] = {
	{ PCI_DEVICE(0x1b36, 0x1120), .driver_data = HAS_MSIX },
	{ PCI_DEVICE(0x1b36, 0x1121), .driver_data = HAS_MSI },
	{ PCI_DEVICE(0x1b36, 0x1122), .driver_data = HAS_INTX },
	{ PCI_DEVICE(0x1234, 0x11e8), .driver_data = IS_EDU },
	{ }
};
MODULE_DEVICE_TABLE(pci, irqtest_ids);

static struct pci_driver irqtest_driver = {
	.name = "irqtest",
	.id_table = irqtest_ids,
	.probe = irqtest_probe,
	.remove = irqtest_remove,
	.dev_groups = irqtest_groups,
};
module_pci_driver(irqtest_driver);

MODULE_DESCRIPTION("driver for devices whose interrupts are tested");
MODULE_LICENSE("GPL");
