// SPDX-License-Identifier: GPL-2.0
/*
 * KVPCI_GET_STATE and KVPCI_SET_STATE, of a host bridge and of a function. The records of a
 * bridge are its own one and those of its own function.
 *
 * They are in memory of the kernel when they are written and read: user memory may take any
 * time, and change while it is looked at.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "backing/effects.h"
#include "ioctl/state.h"
#include "ioctl/uarg.h"
#include "pci/function.h"
#include "pci/host.h"
#include "pci/state.h"

static const struct kvpci_state_record host_record = {
	.type = KVPCI_STATE_HOST,
	.version = 1,
	.bar = KVPCI_CONFIG,
	.length = sizeof(struct kvpci_state_host),
};

/**
 * struct state_of - what a state is that of
 * @function: of a function, or of the bridge's own one
 * @host: of the bridge too, or NULL
 */
struct state_of {
	struct kvpci_function *function;
	struct kvpci_host *host;
};

static void write_records(const struct state_of *of, struct kvpci_state_writer *writer)
{
	struct kvpci_state_host *state;

	if (of->host) {
		state = kvpci_state_add(writer, &host_record);
		if (state)
			state->config_address = of->host->config_address;
	}
	kvpci_function_get_state(of->function, writer);
}

/* Get the records, or measure them only if there is to be nothing in @get->data. */
static int get_records(const struct state_of *of, struct kvpci_state *get, u8 **records)
{
	struct kvpci_state_writer writer = {};

	if (!of->function->host->kvm)
		return -ENODEV;

	write_records(of, &writer);
	if (get->data) {
		if (get->length < writer.length)
			return -ENOSPC;
		*records = kvzalloc(writer.length, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!*records)
			return -ENOMEM;
		writer = (struct kvpci_state_writer) { .data = *records };
		write_records(of, &writer);
	}
	get->length = writer.length;
	return 0;
}

static int get_state(const struct state_of *of, struct kvpci_state __user *arg)
{
	struct kvpci_host *host = of->function->host;
	struct kvpci_state get;
	u8 *records = NULL;
	int ret;

	ret = kvpci_uarg_get(&get, sizeof(get), KVPCI_STATE_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (get.flags)
		return -EINVAL;

	mutex_lock(&host->lock);
	ret = get_records(of, &get, &records);
	mutex_unlock(&host->lock);
	if (ret)
		return ret;

	if (records && copy_to_user(u64_to_user_ptr(get.data), records, get.length))
		ret = -EFAULT;
	kvfree(records);
	return ret ?: kvpci_uarg_put(arg, &get, sizeof(get), get.size);
}

static int read_host(struct kvpci_state_reader *reader, const struct kvpci_state_host **state)
{
	int ret = kvpci_state_next(reader, &host_record, (const void **)state);

	return ret ?: (*state)->pad ? -EINVAL : 0;
}

static int check_records(const struct state_of *of, struct kvpci_state_reader reader)
{
	const struct kvpci_state_host *state;
	int ret = 0;

	if (of->host)
		ret = read_host(&reader, &state);
	if (!ret)
		ret = kvpci_function_check_state(of->function, &reader);
	if (!ret && reader.length)
		ret = -EINVAL;
	return ret;
}

static void set_records(const struct state_of *of, struct kvpci_state_reader reader)
{
	const struct kvpci_state_host *state;

	if (of->host && !read_host(&reader, &state))
		WRITE_ONCE(of->host->config_address, state->config_address);
	kvpci_effects_carry_out(of->function,
				kvpci_function_set_state(of->function, &reader));
}

static int set_state(const struct state_of *of, const struct kvpci_state __user *arg)
{
	struct kvpci_host *host = of->function->host;
	struct kvpci_state_reader reader;
	struct kvpci_state set;
	u8 *records;
	int ret;

	ret = kvpci_uarg_get(&set, sizeof(set), KVPCI_STATE_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (set.flags)
		return -EINVAL;
	if (!set.data)
		return -EFAULT;

	records = kvpci_uarg_bytes(set.data, set.length);
	if (IS_ERR(records))
		return PTR_ERR(records);
	reader.data = records;
	reader.length = set.length;

	mutex_lock(&host->lock);
	ret = host->kvm ? check_records(of, reader) : -ENODEV;
	if (!ret)
		set_records(of, reader);
	mutex_unlock(&host->lock);
	kvpci_uarg_free(records);
	return ret;
}

/**
 * kvpci_get_host_state_ioctl() - KVPCI_GET_STATE of a host bridge
 * @host: the host bridge
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_get_host_state_ioctl(struct kvpci_host *host, struct kvpci_state __user *arg)
{
	const struct state_of of = { .function = host->bridge, .host = host };

	return get_state(&of, arg);
}

/**
 * kvpci_set_host_state_ioctl() - KVPCI_SET_STATE of a host bridge
 * @host: the host bridge
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_set_host_state_ioctl(struct kvpci_host *host, const struct kvpci_state __user *arg)
{
	const struct state_of of = { .function = host->bridge, .host = host };

	return set_state(&of, arg);
}

/**
 * kvpci_get_state_ioctl() - KVPCI_GET_STATE of a function
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_get_state_ioctl(struct kvpci_function *function, struct kvpci_state __user *arg)
{
	const struct state_of of = { .function = function };

	return get_state(&of, arg);
}

/**
 * kvpci_set_state_ioctl() - KVPCI_SET_STATE of a function
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_set_state_ioctl(struct kvpci_function *function,
			  const struct kvpci_state __user *arg)
{
	const struct state_of of = { .function = function };

	return set_state(&of, arg);
}
