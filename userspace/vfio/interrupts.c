// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupts of a device of the host, from VFIO to the guest.
 *
 * VFIO signals an eventfd for each vector, which is bound to the guest's vector: the kernel module
 * sends the message, or keeps it pending while the guest masks it, and nothing comes here. Or KVM
 * takes the eventfd itself, so that the processor can deliver it (posted interrupts).
 *
 * VFIO allocates one of the host's vectors for each eventfd that it is given. If it can do so one
 * by one, it is given each when the guest first unmasks its vector, which we are told of, while the
 * guest goes on: until then the host has the vector masked, and the device keeps it pending. If
 * not, it is given all when the guest enables MSI-X.
 *
 * A device interrupts in one way at a time: by its vectors once the guest has enabled MSI or MSI-X,
 * and by its pin before. VFIO masks the pin when it has signalled it, until the guest
 * has acknowledged that.
 */
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "event.h"
#include "report.h"
#include "vfio/interrupts.h"

static const unsigned int indices[] = {
	[KVPCI_INTX] = VFIO_PCI_INTX_IRQ_INDEX,
	[KVPCI_MSI] = VFIO_PCI_MSI_IRQ_INDEX,
	[KVPCI_MSIX] = VFIO_PCI_MSIX_IRQ_INDEX,
};

static int failed(const struct vfio_interrupts *interrupts, int error)
{
	return fail("%s: the kernel does not take an interrupt: %s", interrupts->device->label,
		    strerror(-error));
}

static int bind_pin(struct vfio_interrupts *interrupts)
{
	int status = event_create(&interrupts->pin);
	int error;

	if (!status)
		status = event_create(&interrupts->ack);
	if (status)
		return status;
	error = kvpci_function_bind(interrupts->function->handle, KVPCI_INTX, 0, interrupts->pin,
				    interrupts->ack);
	return error ? failed(interrupts, error) : STATUS_OK;
}

static int bind_vectors(struct vfio_interrupts *interrupts, enum kvpci_interrupt kind, __u32 nr,
			int **events, bool hand)
{
	struct kvpci_function *handle = interrupts->function->handle;
	int status = STATUS_OK;
	int error;
	__u32 i;

	*events = event_array(nr);
	if (!*events)
		return fail("not enough memory for the devices, describe fewer");
	for (i = 0; i < nr; i++) {
		status = event_create(&(*events)[i]);
		if (status)
			return status;
		error = hand ? kvpci_function_hand(handle, kind, i, (*events)[i]) :
			       kvpci_function_bind(handle, kind, i, (*events)[i], -1);
		if (error)
			return failed(interrupts, error);
	}
	return STATUS_OK;
}

int vfio_interrupts_create(struct vfio_interrupts *interrupts, const struct vfio_device *device,
			   struct function *function, const struct vfio_config *config, bool hand)
{
	const struct device_spec *spec = function->spec;
	int status = STATUS_OK;

	*interrupts = (struct vfio_interrupts){
		.device = device, .function = function, .config = config, .pin = -1, .ack = -1,
		.nr_msi = spec->msi.vectors, .nr_msix = spec->msix.vectors,
	};
	if (spec->interrupt_pin)
		status = bind_pin(interrupts);
	if (!status)
		status = bind_vectors(interrupts, KVPCI_MSI, interrupts->nr_msi, &interrupts->msi,
				      hand);
	if (!status)
		status = bind_vectors(interrupts, KVPCI_MSIX, interrupts->nr_msix,
				      &interrupts->msix, hand);
	if (!status && interrupts->nr_msix && device->adds_msix) {
		interrupts->used = calloc(interrupts->nr_msix, sizeof(*interrupts->used));
		if (!interrupts->used)
			status = fail("not enough memory for the devices, describe fewer");
	}
	return status;
}

/* The handle is good, and the register is there: nothing that can fail. */
static __u16 read_control(const struct vfio_interrupts *interrupts, __u16 at)
{
	__u16 control = 0;

	kvpci_function_read(interrupts->function->handle, KVPCI_CONFIG, 0, at, &control,
			    sizeof(control));
	return control;
}

/* What does the guest want to be interrupted by, and by how many? */
static enum kvpci_interrupt wanted(const struct vfio_interrupts *interrupts, __u32 *nr)
{
	const struct vfio_config *config = interrupts->config;
	__u16 control;

	if (config->msix) {
		*nr = interrupts->nr_msix;
		control = read_control(interrupts, config->msix + PCI_MSIX_FLAGS);
		if (control & PCI_MSIX_FLAGS_ENABLE)
			return KVPCI_MSIX;
	}
	if (config->msi) {
		control = read_control(interrupts, config->msi + PCI_MSI_FLAGS);
		*nr = 1 << ((control & PCI_MSI_FLAGS_QSIZE) >> 4);
		if (*nr > interrupts->nr_msi)
			*nr = interrupts->nr_msi;
		if (control & PCI_MSI_FLAGS_ENABLE)
			return KVPCI_MSI;
	}
	*nr = interrupts->pin >= 0;
	return *nr ? KVPCI_INTX : 0;
}

/* The user is told once: the guest can do it again and again. */
static void tell(struct vfio_interrupts *interrupts, const char *what, __u32 nr)
{
	if (!interrupts->told)
		note("%s: the host has %s for %u of its %u interrupts, and others never come",
		     interrupts->device->label, what, nr, interrupts->nr);
	interrupts->told = true;
}

static int enable_pin(const struct vfio_interrupts *interrupts)
{
	const struct vfio_device *device = interrupts->device;
	int error;

	error = vfio_device_set_irqs(device, VFIO_PCI_INTX_IRQ_INDEX, 0, &interrupts->pin, 1,
				     VFIO_IRQ_SET_ACTION_TRIGGER);
	return error ? error : vfio_device_set_irqs(device, VFIO_PCI_INTX_IRQ_INDEX, 0,
						    &interrupts->ack, 1,
						    VFIO_IRQ_SET_ACTION_UNMASK);
}

/* What VFIO is to signal for a vector of MSI-X; -1: nothing yet. */
static int msix_event(const struct vfio_interrupts *interrupts, __u32 n)
{
	return interrupts->used[n] ? interrupts->msix[n] : -1;
}

static int add_vector(struct vfio_interrupts *interrupts, __u32 n)
{
	const int event = msix_event(interrupts, n);
	int error = vfio_device_set_irqs(interrupts->device, VFIO_PCI_MSIX_IRQ_INDEX, n, &event, 1,
					 VFIO_IRQ_SET_ACTION_TRIGGER);

	if (!error && event >= 0)
		interrupts->nr_added++;
	return error;
}

/* The first one, whether the guest uses it or not, has VFIO enable MSI-X. */
static int add_vectors(struct vfio_interrupts *interrupts)
{
	int error;
	__u32 n;

	interrupts->nr_added = 0;
	error = add_vector(interrupts, 0);
	for (n = 1; !error && n < interrupts->nr_msix; n++) {
		if (!interrupts->used[n])
			continue;
		if (add_vector(interrupts, n))
			tell(interrupts, "vectors", interrupts->nr_added);
	}
	return error;
}

/* Vectors of MSI are all there or none: the device has one message for them. */
static int enable(struct vfio_interrupts *interrupts)
{
	const struct vfio_device *device = interrupts->device;
	int left;

	if (interrupts->use == KVPCI_INTX)
		return enable_pin(interrupts);
	if (interrupts->use == KVPCI_MSI)
		return vfio_device_set_irqs(device, VFIO_PCI_MSI_IRQ_INDEX, 0, interrupts->msi,
					    interrupts->nr, VFIO_IRQ_SET_ACTION_TRIGGER);
	if (interrupts->used)
		return add_vectors(interrupts);
	left = vfio_device_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 0, interrupts->msix,
				    interrupts->nr, VFIO_IRQ_SET_ACTION_TRIGGER);
	if (left <= 0)
		return left;
	tell(interrupts, "vectors", left);
	return vfio_device_set_irqs(device, VFIO_PCI_MSIX_IRQ_INDEX, 0, interrupts->msix, left,
				    VFIO_IRQ_SET_ACTION_TRIGGER);
}

static void disable(struct vfio_interrupts *interrupts)
{
	if (interrupts->use)
		vfio_device_clear_irqs(interrupts->device, indices[interrupts->use]);
	if (interrupts->use == KVPCI_INTX)
		kvpci_function_lower(interrupts->function->handle, KVPCI_INTX, 0);
	interrupts->use = 0;
	interrupts->nr = 0;
}

void vfio_interrupts_follow(struct vfio_interrupts *interrupts)
{
	enum kvpci_interrupt use;
	__u32 nr;

	use = wanted(interrupts, &nr);
	if (use == interrupts->use && nr == interrupts->nr)
		return;
	disable(interrupts);
	interrupts->use = use;
	interrupts->nr = nr;
	if (!use || !enable(interrupts))
		return;
	/* It is not tried again before the guest wants something else. */
	tell(interrupts, use == KVPCI_INTX ? "no line" : "no vectors", 0);
}

void vfio_interrupts_use(struct vfio_interrupts *interrupts)
{
	struct kvpci_function *handle = interrupts->function->handle;
	__u32 n;

	while (!kvpci_function_next_used(handle, KVPCI_MSIX, &n)) {
		interrupts->used[n] = true;
		if (interrupts->use == KVPCI_MSIX && add_vector(interrupts, n))
			tell(interrupts, "vectors", interrupts->nr_added);
	}
}

static void forget(const struct vfio_interrupts *interrupts, enum kvpci_interrupt kind, __u32 nr)
{
	__u32 i;

	for (i = 0; i < nr; i++)
		kvpci_function_lower(interrupts->function->handle, kind, i);
}

void vfio_interrupts_stop(struct vfio_interrupts *interrupts)
{
	disable(interrupts);
	forget(interrupts, KVPCI_MSI, interrupts->nr_msi);
	forget(interrupts, KVPCI_MSIX, interrupts->nr_msix);
}

void vfio_interrupts_destroy(struct vfio_interrupts *interrupts)
{
	const int fds[] = { interrupts->pin, interrupts->ack };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	if (interrupts->msi)
		event_array_free(interrupts->msi, interrupts->nr_msi);
	if (interrupts->msix)
		event_array_free(interrupts->msix, interrupts->nr_msix);
	free(interrupts->used);
}
