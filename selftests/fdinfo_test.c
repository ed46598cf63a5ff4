// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/PID/fdinfo says of host bridges and functions.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/follower.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/vm.h"

#define F		BDF(3, 4, 5)
#define G		BDF(0, 2, 0)
#define MEM		MEM32_BASE
#define PAGE		4096

/* All lines of a descriptor, with one more newline in front. */
static char *read_info(int fd)
{
	char *path, *info = NULL;
	size_t size = 0;
	FILE *file;

	must(asprintf(&path, "/proc/self/fdinfo/%d", fd));
	file = fopen(path, "r");
	if (!file)
		die("%s: %m", path);
	/* Up to a byte that is not there: all of it. */
	must(getdelim(&info, &size, 0, file));
	fclose(file);
	free(path);
	must(asprintf(&path, "\n%s", info));
	free(info);
	return path;
}

/* Is there such a line, or are there such lines one after the other? */
static bool has(int fd, const char *format, ...)
{
	char *info = read_info(fd);
	char *lines, *wanted;
	va_list args;
	bool found;

	va_start(args, format);
	must(vasprintf(&lines, format, args));
	va_end(args);
	must(asprintf(&wanted, "\n%s\n", lines));
	found = strstr(info, wanted);
	if (!found)
		printf("# no '%s' in:%s", lines, info);

	free(wanted);
	free(lines);
	free(info);
	return found;
}

/* Is there a line that begins so? */
static bool begins(int fd, const char *key)
{
	char *info = read_info(fd);
	bool found = strstr(info, key);

	free(info);
	return found;
}

TEST(a_host_bridge)
{
	struct vm *vm = vm_new(1);
	struct kvpci_host_config config = host_defaults(vm);
	struct host *host;
	int f, g;

	config.segment = 0xabcd;
	config.last_bus = 0x1f;
	host = host_new_from(vm, &config);
	EXPECT_TRUE(has(host->fd, "segment:\tabcd\nbuses:\t00-1f\nconfig-ports:\tpresent"));
	EXPECT_TRUE(has(host->fd, "ecam:\t0xb0000000-0xb1ffffff"));
	EXPECT_TRUE(has(host->fd, "io:\t0x1000-0xffff"));
	EXPECT_TRUE(has(host->fd, "mem32:\t0xc0000000-0xfdffffff"));
	EXPECT_TRUE(has(host->fd, "mem64:\t0x%llx-0x%llx", config.mem64.base,
			config.mem64.base + config.mem64.length - 1));
	EXPECT_TRUE(has(host->fd, "delivery:\t%s",
			get_delivery() == KVPCI_DELIVERY_DIRECT ? "direct" : "irqfd"));
	EXPECT_TRUE(has(host->fd, "mirrors:\t%d", mirrors_wanted()));

	/* The bridge's own is one of them. */
	EXPECT_TRUE(has(host->fd, "functions:\t1\nplugged:\t1"));
	f = function_new(host, F, (struct kvpci_function_config) {});
	EXPECT_TRUE(has(host->fd, "functions:\t2\nplugged:\t1"));
	g = function_plugged(host, G, (struct kvpci_function_config) {});
	EXPECT_TRUE(has(host->fd, "functions:\t3\nplugged:\t2"));
	EXPECT_TRUE(has(f, "function:\tabcd:03:04.5"));
	EXPECT_TRUE(has(g, "function:\tabcd:00:02.0"));
	close(f);
	close(g);
	EXPECT_TRUE(has(host->fd, "functions:\t1\nplugged:\t1"));
	host_free(host);

	config.flags = KVPCI_HOST_ECAM;
	config.first_bus = 0x10;
	config.mem64 = (struct kvpci_window) {};
	host = host_new_from(vm, &config);
	EXPECT_TRUE(has(host->fd, "buses:\t10-1f\nconfig-ports:\tnone"));
	EXPECT_TRUE(has(host->fd, "ecam:\t0xb1000000-0xb1ffffff"));
	EXPECT_FALSE(begins(host->fd, "\nmem64:"));
	host_free(host);

	config.flags |= KVPCI_HOST_CONFIG_PORTS_ABSENT;
	host = host_new_from(vm, &config);
	EXPECT_TRUE(has(host->fd, "config-ports:\tabsent"));
	host_free(host);
	vm_free(vm);
}

FIXTURE(fdinfo) {
	struct vm *vm;
	struct host *host;
};

FIXTURE_SETUP(fdinfo)
{
	self->vm = vm_new(1);
	self->host = host_new(self->vm);
}

FIXTURE_TEARDOWN(fdinfo)
{
	host_free(self->host);
	vm_free(self->vm);
}

TEST_F(fdinfo, a_function)
{
	int function = function_new(self->host, F, (struct kvpci_function_config) {
		.user_data = 0x123456789abcdef0 });

	EXPECT_TRUE(has(function, "function:\t0000:03:04.5\nhost-closed:\t0\nplugged:\t0"));
	EXPECT_TRUE(has(function, "user-data:\t0x123456789abcdef0\nbus-master:\t0\n"
				  "doorbells:\t0"));
	EXPECT_FALSE(begins(function, "\nbar:"));
	EXPECT_FALSE(begins(function, "\nintx"));
	EXPECT_FALSE(begins(function, "\nmsi"));
	must(plug(function));
	EXPECT_TRUE(has(function, "plugged:\t1"));
	set_command(self->host, F, PCI_COMMAND_MASTER);
	EXPECT_TRUE(has(function, "bus-master:\t1"));

	host_close(self->host);
	EXPECT_TRUE(has(function, "function:\t0000:03:04.5\nhost-closed:\t1\nplugged:\t1"));
	close(function);
}

TEST_F(fdinfo, bytes_of_configuration_space)
{
	struct range_desc exits = {
		.bar = KVPCI_CONFIG, .kind = KVPCI_RANGE_EXIT, .offset = 0x40, .length = 2,
	};
	struct range_desc traps = {
		.bar = KVPCI_CONFIG, .kind = KVPCI_RANGE_USERSPACE, .offset = 0xffe, .length = 2,
	};
	int function = function_new(self->host, F, (struct kvpci_function_config) {});

	EXPECT_FALSE(begins(function, "\nconfig-"));
	must(add_range(function, &exits));
	EXPECT_TRUE(has(function, "bus-master:\t0\nconfig-exits:\t64-65\ndoorbells:\t0"));
	exits.offset = 0x60;
	must(add_range(function, &exits));
	must(add_range(function, &traps));
	EXPECT_TRUE(has(function, "config-userspace:\t4094-4095\nconfig-exits:\t64-65,96-97"));
	traps.range_flags = KVPCI_RANGE_REMOVE;
	must(add_range(function, &traps));
	EXPECT_FALSE(begins(function, "\nconfig-userspace"));
	close(function);
}

TEST_F(fdinfo, bars_and_what_is_behind_them)
{
	const __u64 mem64 = self->host->config.mem64.base;
	int function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = {
			{ .size = PAGE },
			{ .size = 0x20, .flags = KVPCI_BAR_IO },
			{ .size = 0x100000, .flags = KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH },
			{},
			{ .size = 0x2000000, .flags = KVPCI_BAR_64BIT },
		}, .rom_size = 0x800 });
	int bells[3], i;

	add_registers(function, 0, 0x10, 8, NULL, NULL, NULL);
	add_userspace(function, 0, 0, 0x10);
	add_userspace(function, 2, 0x80000, 0x80000);
	EXPECT_TRUE(has(function, "bar:\t0 kind=mem32 size=0x1000\n"
				  "range:\t0 offset=0x0 length=0x10 kind=userspace\n"
				  "range:\t0 offset=0x10 length=0x8 kind=registers\n"
				  "bar:\t1 kind=io size=0x20\n"
				  "bar:\t2 kind=mem64p size=0x100000\n"
				  "range:\t2 offset=0x80000 length=0x80000 kind=userspace\n"
				  "bar:\t4 kind=mem64 size=0x2000000\n"
				  "bar:\t6 kind=rom size=0x800\n"
				  "doorbells:\t0"));

	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 1, IO_BASE);
	set_bar64(self->host, F, 2, mem64);
	set_bar64(self->host, F, 4, mem64 + 0x2000000);
	EXPECT_TRUE(has(function, "bar:\t0 kind=mem32 size=0x1000"));
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_TRUE(has(function, "bar:\t0 kind=mem32 size=0x1000 base=0x%llx", MEM));
	EXPECT_TRUE(has(function, "bar:\t1 kind=io size=0x20"));
	EXPECT_TRUE(has(function, "bar:\t2 kind=mem64p size=0x100000 base=0x%llx", mem64));
	EXPECT_TRUE(has(function, "bar:\t4 kind=mem64 size=0x2000000 base=0x%llx",
			mem64 + 0x2000000));
	EXPECT_TRUE(has(function, "bar:\t6 kind=rom size=0x800"));
	set_command(self->host, F, DECODE_ALL);
	set_bar(self->host, F, 0, MEM + PAGE);
	set_bar(self->host, F, KVPCI_BAR_ROM, (MEM + 0x800) | PCI_ROM_ADDRESS_ENABLE);
	EXPECT_TRUE(has(function, "bar:\t0 kind=mem32 size=0x1000 base=0x%llx", MEM + PAGE));
	EXPECT_TRUE(has(function, "bar:\t1 kind=io size=0x20 base=0x1000"));
	EXPECT_TRUE(has(function, "bar:\t6 kind=rom size=0x800 base=0x%llx", MEM + 0x800));
	set_command(self->host, F, 0);
	EXPECT_TRUE(has(function, "bar:\t0 kind=mem32 size=0x1000"));

	for (i = 0; i < 3; i++)
		bells[i] = doorbell_at(function, i < 2 ? 0 : 2, 0x100 * i, 4);
	EXPECT_TRUE(has(function, "doorbells:\t3"));
	for (i = 0; i < 3; i++)
		close(bells[i]);
	close(function);
}

/* A list of vectors, as bits of a word are listed. */
#define LISTED(device, name, list) \
	EXPECT_TRUE(has((device)->function, "%s:\t%s", name, list))

TEST(interrupts)
{
	struct rig *rig = rig_new(1, 0);
	struct device *device = device_new(rig, (struct device_desc) {
		.bdf = F, .pin = 3, .msi = { .vectors = 8, .flags = KVPCI_MSI_MASK },
		.msix = { .vectors = 9 }, .triggers = true });
	int function = device->function;
	int event = event_new(), other = event_new();

	device_plug(device);
	EXPECT_TRUE(has(function, "intx-pin:\tc\nintx-level:\t0\nintx-bound:\t0\n"
				  "msi-vectors:\t8\nmsi-enabled:\t0\nmsi-masked:\t1-7\n"
				  "msi-pending:\t\nmsi-bound:\t"));
	EXPECT_TRUE(has(function, "msix-vectors:\t9\nmsix-enabled:\t0\nmsix-masked:\t0-8\n"
				  "msix-pending:\t\nmsix-bound:\t\nmsix-routed:\t\n"
				  "msix-handed:\t\nmsix-recalled:\t\n"
				  "msix-function-mask:\t0"));
	EXPECT_TRUE(has(function, "range:\t0 offset=0x0 length=0x90 kind=msix-table\n"
				  "range:\t0 offset=0x90 length=0x8 kind=msix-pba"));

	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	LISTED(device, "intx-level", "1");
	must(lower(function));
	LISTED(device, "intx-level", "0");
	must(bind_eventfd(function, KVPCI_INTX, 0, event));
	LISTED(device, "intx-bound", "1");
	must(unbind(function, KVPCI_INTX, 0));

	must(trigger(function, KVPCI_MSIX, 8));
	must(trigger(function, KVPCI_MSIX, 3));
	must(trigger(function, KVPCI_MSIX, 4));
	LISTED(device, "msix-pending", "3-4,8");
	must(withdraw(function, KVPCI_MSIX, 4));
	LISTED(device, "msix-pending", "3,8");
	msix_mask(device, 0, false);
	msix_mask(device, 7, false);
	LISTED(device, "msix-masked", "1-6,8");
	must(bind_eventfd(function, KVPCI_MSIX, 8, event));
	must(bind_eventfd(function, KVPCI_MSI, 6, other));
	LISTED(device, "msix-bound", "8");
	LISTED(device, "msi-bound", "6");
	must(unbind(function, KVPCI_MSIX, 8));
	LISTED(device, "msix-bound", "");
	LISTED(device, "msix-function-mask", "0");
	msix_control(device, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	LISTED(device, "msix-enabled", "1");
	LISTED(device, "msix-function-mask", "1");
	LISTED(device, "msi-enabled", "0");
	msix_control(device, 0);

	/* Fewer vectors than there are take the place of the others. */
	must(trigger(function, KVPCI_MSI, 6));
	LISTED(device, "msi-pending", "0");
	config_write(device, msi_mask_register(device), 4, 0x40);
	msi_message(device, MSI_TO(0), 0x40);
	msi_control(device, PCI_MSI_FLAGS_ENABLE | 3 << 4);
	LISTED(device, "msi-enabled", "1");
	LISTED(device, "msi-masked", "6");
	LISTED(device, "msi-pending", "6");
	must(reset(function));
	LISTED(device, "msi-pending", "");
	LISTED(device, "msix-pending", "");
	LISTED(device, "msix-masked", "0-8");

	close(event);
	close(other);
	device_free(device);
	rig_free(rig);
}

TEST(as_many_vectors_as_there_may_be)
{
	enum { NR = KVPCI_MAX_MSIX_VECTORS };
	struct rig *rig = rig_new(1, 0);
	struct device *device = device_plugged(rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = NR } });
	char *list, *end;
	int i;

	/* The longest list of them that there is. */
	list = malloc(6 * NR);
	ASSERT_NE(NULL, list);
	for (end = list, i = 0; i < NR; i += 2) {
		must(trigger(device->function, KVPCI_MSIX, i));
		end += sprintf(end, i ? ",%d" : "%d", i);
	}
	LISTED(device, "msix-pending", list);
	LISTED(device, "msix-masked", "0-2047");
	free(list);
	device_free(device);
	rig_free(rig);
}

TEST_F(fdinfo, a_guest_that_runs)
{
	int function = function_plugged(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { .size = PAGE } });
	struct vcpu *vcpu = &self->vm->vcpus[0];
	unsigned long i, times = scaled(2000);
	char *here, *there;

	must(asprintf(&here, "\nbar:\t0 kind=mem32 size=0x1000 base=0x%llx\n", MEM));
	must(asprintf(&there, "\nbar:\t0 kind=mem32 size=0x1000 base=0x%llx\n", MEM + PAGE));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);

	guest_begin(vcpu);
	add_cfg_write(vcpu, self->host, BY_ECAM, F, PCI_BASE_ADDRESS_0, 4, MEM + PAGE);
	add_cfg_write(vcpu, self->host, BY_ECAM, F, PCI_BASE_ADDRESS_0, 4, MEM);
	guest_start(vcpu, ~0ULL);
	guest_begun(vcpu);
	/* It is at one place or the other. */
	for (i = 0; i < times; i++) {
		char *info = read_info(function);

		ASSERT_TRUE(strstr(info, here) || strstr(info, there));
		free(info);
	}
	guest_stop(vcpu);
	guest_wait(vcpu);
	free(here);
	free(there);
	close(function);
}

TEST_HARNESS_MAIN
