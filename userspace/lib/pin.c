// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * INTx pins, connected to the inputs of interrupt controllers.
 *
 * Several pins may share an input. KVM keeps it high while one of the functions there wants it
 * high: each has an eventfd of its own to raise it, and one that says that the guest has
 * acknowledged the interrupt, which is when all have to say again what they want.
 */
#include "internal.h"

static int make_route(struct kvpci_function *function, unsigned int gsi)
{
	struct kvpci_route route = { .size = sizeof(route), .interrupt = KVPCI_INTX };
	int ret;

	ret = libkvpci_event_create(&function->pin_event);
	if (!ret)
		ret = libkvpci_event_create(&function->pin_ack_event);
	if (!ret)
		ret = libkvpci_irqfd(function->host->config.vm_fd, gsi, function->pin_event,
				     function->pin_ack_event);
	if (ret)
		return ret;
	route.eventfd = function->pin_event;
	route.resample_eventfd = function->pin_ack_event;
	return libkvpci_ioctl(function->fd, KVPCI_SET_ROUTE, &route);
}

static int connect_pin(struct kvpci_function *function, unsigned int gsi)
{
	int ret;

	if (function->pin_event >= 0)
		return -EEXIST;
	ret = make_route(function, gsi);
	if (ret)
		libkvpci_pin_close(function);
	return ret;
}

int kvpci_function_connect_pin(struct kvpci_function *function, unsigned int gsi)
{
	int ret;

	pthread_mutex_lock(&function->pin_lock);
	ret = connect_pin(function, gsi);
	pthread_mutex_unlock(&function->pin_lock);
	return ret;
}

static int disconnect_pin(struct kvpci_function *function)
{
	struct kvpci_route route = {
		.size = sizeof(route), .flags = KVPCI_ROUTE_REMOVE, .interrupt = KVPCI_INTX,
	};
	int ret;

	if (function->pin_event < 0)
		return -ENOENT;
	ret = libkvpci_ioctl(function->fd, KVPCI_SET_ROUTE, &route);
	if (!ret)
		libkvpci_pin_close(function);
	return ret;
}

int kvpci_function_disconnect_pin(struct kvpci_function *function)
{
	int ret;

	pthread_mutex_lock(&function->pin_lock);
	ret = disconnect_pin(function);
	pthread_mutex_unlock(&function->pin_lock);
	return ret;
}

/* KVM forgets eventfds that are closed, and lowers the input. */
void libkvpci_pin_close(struct kvpci_function *function)
{
	libkvpci_event_close(&function->pin_event);
	libkvpci_event_close(&function->pin_ack_event);
}
