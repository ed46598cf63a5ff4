// SPDX-License-Identifier: GPL-2.0
/*
 * Parses the argument of --device.
 *
 * The text is a list of items, "key=value", separated by commas. What a key means is
 * a table, keys[], of one small function each. A value with options is a list again,
 * separated by slashes: options[] is the table of those, and each key says which it
 * takes. What depends on several items is checked when all have been read
 * (speccheck.c), so the order of items does not matter.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "model.h"
#include "parse.h"
#include "preset.h"
#include "report.h"
#include "spec.h"
#include "speccheck.h"

/* Vendor IDs with a meaning: PCI Express reads the latter while a function starts. */
#define VENDOR_ABSENT		0xffff
#define VENDOR_RETRY		0x0001

#define CONFIG_SIZE		256
#define EXTENDED_CONFIG_SIZE	4096
#define DOORBELL_MAX_LENGTH	8

#define CAP_MSI			0x05
#define CAP_MSIX		0x11

/* What the options of an item say. */
struct item_options {
	bool set_readonly;
	bool set_count;
	bool set_lower;
	bool set_mirror;
	bool set_64bit;
	bool set_mask;
	const char *value;
	const char *writable;
	const char *write1clear;
	const char *file;
	const char *data;
	const char *fd;
	const char *at;
	const char *version;
	const char *length;
	const char *trigger;
	const char *table;
	const char *pba;
};

enum option_flag {
	OPT_RO = 1 << 0,
	OPT_COUNT = 1 << 1,
	OPT_VALUE = 1 << 2,
	OPT_WRITABLE = 1 << 3,
	OPT_W1C = 1 << 4,
	OPT_FILE = 1 << 5,
	OPT_DATA = 1 << 6,
	OPT_FD = 1 << 7,
	OPT_AT = 1 << 8,
	OPT_VERSION = 1 << 9,
	OPT_LENGTH = 1 << 10,
	OPT_TRIGGER = 1 << 11,
	OPT_LOWER = 1 << 12,
	OPT_64BIT = 1 << 13,
	OPT_MASK = 1 << 14,
	OPT_TABLE = 1 << 15,
	OPT_PBA = 1 << 16,
	OPT_MIRROR = 1 << 17,
};

/* Those that have no value. */
#define SWITCH_OPTIONS		(OPT_RO | OPT_COUNT | OPT_LOWER | OPT_MIRROR | OPT_64BIT | OPT_MASK)

#define REGISTER_OPTIONS	(OPT_RO | OPT_VALUE | OPT_WRITABLE | OPT_W1C | OPT_FILE)
#define KERNEL_OPTIONS		(REGISTER_OPTIONS | OPT_COUNT | OPT_TRIGGER | OPT_LOWER | \
				 OPT_MIRROR)
#define CAPABILITY_OPTIONS	(OPT_VALUE | OPT_WRITABLE | OPT_W1C | OPT_AT | OPT_LENGTH)

static const struct {
	const char *name;
	enum option_flag flag;
	size_t text;		/* where the option's value goes in struct item_options */
	size_t set;		/* or, if it has none, what becomes true */
} options[] = {
	{ "ro", OPT_RO, 0, offsetof(struct item_options, set_readonly) },
	{ "count", OPT_COUNT, 0, offsetof(struct item_options, set_count) },
	{ "value", OPT_VALUE, offsetof(struct item_options, value), 0 },
	{ "writable", OPT_WRITABLE, offsetof(struct item_options, writable), 0 },
	{ "w1c", OPT_W1C, offsetof(struct item_options, write1clear), 0 },
	{ "file", OPT_FILE, offsetof(struct item_options, file), 0 },
	{ "data", OPT_DATA, offsetof(struct item_options, data), 0 },
	{ "fd", OPT_FD, offsetof(struct item_options, fd), 0 },
	{ "at", OPT_AT, offsetof(struct item_options, at), 0 },
	{ "version", OPT_VERSION, offsetof(struct item_options, version), 0 },
	{ "length", OPT_LENGTH, offsetof(struct item_options, length), 0 },
	{ "trigger", OPT_TRIGGER, offsetof(struct item_options, trigger), 0 },
	{ "lower", OPT_LOWER, 0, offsetof(struct item_options, set_lower) },
	{ "mirror", OPT_MIRROR, 0, offsetof(struct item_options, set_mirror) },
	{ "64bit", OPT_64BIT, 0, offsetof(struct item_options, set_64bit) },
	{ "mask", OPT_MASK, 0, offsetof(struct item_options, set_mask) },
	{ "table", OPT_TABLE, offsetof(struct item_options, table), 0 },
	{ "pba", OPT_PBA, offsetof(struct item_options, pba), 0 },
};

static int parse_option(struct item_options *result, unsigned int allowed, char *text,
			const char *key)
{
	char *value = strchr(text, '=');
	size_t i;

	if (value)
		*value++ = '\0';
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		bool has_value = !(options[i].flag & SWITCH_OPTIONS);

		if (strcmp(text, options[i].name) || !(allowed & options[i].flag))
			continue;
		if (has_value != !!value)
			return misuse("--device: option %s of %s takes %s value", text, key,
				      has_value ? "a" : "no");
		if (has_value)
			*(const char **)((char *)result + options[i].text) = value;
		else
			*(bool *)((char *)result + options[i].set) = true;
		return STATUS_OK;
	}
	return misuse("--device: %s has no option %s, see kvpci-run(1)", key, text);
}

/* Split off the options that follow the first slash in @text. */
static int parse_options(struct item_options *result, unsigned int allowed, char *text,
			 const char *key)
{
	char *next = strchr(text, '/');
	char *option;
	int status;

	*result = (struct item_options){ 0 };
	while (next) {
		*next++ = '\0';
		option = next;
		/* A path has slashes itself: it takes all that is left. */
		next = strncmp(option, "file=", 5) ? strchr(option, '/') : NULL;
		if (next)
			*next = '\0';
		status = parse_option(result, allowed, option, key);
		if (status)
			return status;
	}
	return STATUS_OK;
}

static int no_memory(void)
{
	return fail("not enough memory for the devices, describe fewer or smaller ones");
}

static void bytes_free(struct spec_bytes *bytes)
{
	free(bytes->value);
	free(bytes->writable);
	free(bytes->write1clear);
	*bytes = (struct spec_bytes){ 0 };
}

static int bytes_create(struct spec_bytes *bytes, size_t length)
{
	*bytes = (struct spec_bytes){
		.length = length,
		.value = calloc(1, length),
		.writable = calloc(1, length),
		.write1clear = calloc(1, length),
	};
	if (bytes->value && bytes->writable && bytes->write1clear)
		return STATUS_OK;
	bytes_free(bytes);
	return no_memory();
}

/* Put hexadecimal @text, NULL for none, into @to, which has room for @room bytes. */
static int copy_hex(__u8 *to, size_t room, const char *text, const char *key)
{
	size_t length;
	__u8 *bytes;

	if (!text)
		return STATUS_OK;
	if (!parse_bytes(text, &bytes, &length))
		return misuse("--device: %s: %s is not a list of bytes, write two hexadecimal digits for each",
			      key, text);
	if (length > room) {
		free(bytes);
		return misuse("--device: %s: %s is longer than the %zu bytes there are",
			      key, text, room);
	}
	memcpy(to, bytes, length);
	free(bytes);
	return STATUS_OK;
}

static int copy_file(__u8 *to, size_t room, const char *path, const char *key)
{
	struct file file;
	int status;

	if (!path)
		return STATUS_OK;
	status = file_read(&file, path, "device's file");
	if (status)
		return status;
	if (file.size > room)
		status = misuse("--device: %s: %s is longer than the %zu bytes there are",
				key, path, room);
	else
		memcpy(to, file.data, file.size);
	file_free(&file);
	return status;
}

/* Set contents and masks, after a header of @header bytes that has none. */
static int bytes_fill(struct spec_bytes *bytes, size_t header,
		      const struct item_options *opts, const char *key)
{
	size_t room = bytes->length - header;
	int status;
	size_t i;

	status = copy_file(bytes->value + header, room, opts->file, key);
	if (!status)
		status = copy_hex(bytes->value + header, room, opts->value, key);
	if (!status)
		status = copy_hex(bytes->writable + header, room, opts->writable, key);
	if (!status)
		status = copy_hex(bytes->write1clear + header, room, opts->write1clear, key);
	/* A bit is one or the other. */
	for (i = 0; i < bytes->length; i++)
		bytes->writable[i] &= ~bytes->write1clear[i];
	return status;
}

/* Make room for one more in an array of @size bytes per entry, and return the new one. */
static void *append(void *array, size_t *n, size_t size)
{
	void **entries = array;
	void *grown = reallocarray(*entries, *n + 1, size);

	if (!grown)
		return NULL;
	*entries = grown;
	memset((char *)grown + *n * size, 0, size);
	return (char *)grown + (*n)++ * size;
}

static int parse_ids(const char *text, __u16 *vendor, __u16 *device, const char *key)
{
	const char *colon = strchr(text, ':');
	__u64 first, second;
	char before[5];

	if (!colon || colon == text || colon - text > 4)
		goto bad;
	memcpy(before, text, colon - text);
	before[colon - text] = '\0';
	if (!parse_hex(before, 0xffff, &first) || !parse_hex(colon + 1, 0xffff, &second))
		goto bad;
	*vendor = first;
	*device = second;
	return STATUS_OK;
bad:
	return misuse("--device: %s=%s: write two numbers of up to four hexadecimal digits, like %s=1b36:0005",
		      key, text, key);
}

static int set_id(struct device_spec *spec, const char *key, char *value)
{
	int status = parse_ids(value, &spec->vendor, &spec->device, key);

	if (!status && spec->vendor == VENDOR_ABSENT)
		status = misuse("--device: vendor ID ffff stands for an absent function, take another");
	if (!status && spec->vendor == VENDOR_RETRY)
		status = misuse("--device: vendor ID 0001 tells the guest to wait for the function, take another");
	return status;
}

static int set_subsystem(struct device_spec *spec, const char *key, char *value)
{
	return parse_ids(value, &spec->subsystem_vendor, &spec->subsystem, key);
}

static int set_class(struct device_spec *spec, const char *key, char *value)
{
	__u64 number;

	if (strlen(value) != 6 || !parse_hex(value, 0xffffff, &number))
		return misuse("--device: %s=%s: write six hexadecimal digits, like %s=020000",
			      key, value, key);
	spec->class_code = number;
	return STATUS_OK;
}

static int set_revision(struct device_spec *spec, const char *key, char *value)
{
	__u64 number;

	if (!parse_hex(value, 0xff, &number))
		return misuse("--device: %s=%s: write up to two hexadecimal digits", key, value);
	spec->revision = number;
	return STATUS_OK;
}

/* [BUS:]DEVICE[.FUNCTION] */
static int set_address(struct device_spec *spec, const char *key, char *value)
{
	char *colon = strchr(value, ':');
	char *device = colon ? colon + 1 : value;
	char *dot = strchr(device, '.');
	__u64 bus = 0, dev, fn = 0;

	if (colon)
		*colon = '\0';
	if (dot)
		*dot = '\0';
	if ((colon && !parse_hex(value, 0xff, &bus)) || !parse_hex(device, 0x1f, &dev) ||
	    (dot && !parse_hex(dot + 1, 7, &fn)))
		return misuse("--device: %s: write [BUS:]DEVICE[.FUNCTION] in hexadecimal, device up to 1f and function up to 7, like %s=03.0",
			      key, key);
	spec->has_address = true;
	spec->has_bus = colon;
	spec->bus = bus;
	spec->devfn = dev << 3 | fn;
	return STATUS_OK;
}

static int set_count(struct device_spec *spec, const char *key, char *value)
{
	__u64 number;

	if (!parse_number(value, &number) || !number || number > SPEC_MAX_COUNT)
		return misuse("--device: %s=%s: write a number from 1 to %u", key, value,
			      SPEC_MAX_COUNT);
	spec->count = number;
	return STATUS_OK;
}

static int parse_switch(bool *result, const char *key, const char *value)
{
	*result = !strcmp(value, "on");
	if (!*result && strcmp(value, "off"))
		return misuse("--device: %s=%s: write on or off", key, value);
	return STATUS_OK;
}

static int set_text(char **text, const char *key, const char *value)
{
	if (*text)
		return misuse("--device: %s is given twice", key);
	if (!*value)
		return misuse("--device: %s= needs a name", key);
	*text = strdup(value);
	return *text ? STATUS_OK : no_memory();
}

static int set_name(struct device_spec *spec, const char *key, char *value)
{
	if (strpbrk(value, " \t\n"))
		return misuse("--device: %s=%s: write a name without blanks", key, value);
	return set_text(&spec->label, key, value);
}

static int set_behind(struct device_spec *spec, const char *key, char *value)
{
	return set_text(&spec->behind, key, value);
}

static int set_bridge(struct device_spec *spec, const char *key, char *value)
{
	return parse_switch(&spec->bridge, key, value);
}

static int set_iommu(struct device_spec *spec, const char *key, char *value)
{
	return parse_switch(&spec->translated, key, value);
}

static int set_pm(struct device_spec *spec, const char *key, char *value)
{
	return parse_switch(&spec->pm, key, value);
}

static int set_pcie(struct device_spec *spec, const char *key, char *value)
{
	spec->flr = !strcmp(value, "flr");
	spec->pcie = spec->flr || !strcmp(value, "on");
	if (!spec->pcie && strcmp(value, "off"))
		return misuse("--device: %s=%s: write on, off or flr", key, value);
	return STATUS_OK;
}

static int set_intx(struct device_spec *spec, const char *key, char *value)
{
	static const char pins[] = "abcd";
	const char *pin = *value && !value[1] ? strchr(pins, *value | 0x20) : NULL;

	if (!pin)
		return misuse("--device: %s=%s: write one of the pins a to d", key, value);
	spec->interrupt_pin = pin - pins + 1;
	return STATUS_OK;
}

/* KIND/SIZE, of BAR number @key[3] */
static int set_bar(struct device_spec *spec, const char *key, char *value)
{
	static const struct {
		const char *name;
		__u32 flags;
		__u64 min, max;
	} kinds[] = {
		{ "io", KVPCI_BAR_IO, 4, 1ULL << 15 },
		{ "mem32", 0, 16, 1ULL << 31 },
		{ "mem32p", KVPCI_BAR_PREFETCH, 16, 1ULL << 31 },
		{ "mem64", KVPCI_BAR_64BIT, 16, 1ULL << 40 },
		{ "mem64p", KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH, 16, 1ULL << 40 },
	};
	struct kvpci_bar *bar = &spec->bars[key[3] - '0'];
	char *slash = strchr(value, '/');
	__u64 size;
	size_t i;

	if (slash)
		*slash = '\0';
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(value, kinds[i].name))
			continue;
		if (!slash || !parse_size(slash + 1, &size))
			return misuse("--device: %s: write a size after the kind, like %s=%s/4K",
				      key, key, value);
		if (size < kinds[i].min || size > kinds[i].max || size & (size - 1))
			return misuse("--device: %s: size %s is not a power of two from %llu to %llu",
				      key, slash + 1, kinds[i].min, kinds[i].max);
		*bar = (struct kvpci_bar){ .size = size, .flags = kinds[i].flags };
		return STATUS_OK;
	}
	return misuse("--device: %s: %s is not a kind of BAR: io, mem32, mem32p, mem64 or mem64p",
		      key, value);
}

bool spec_has_bars(const struct device_spec *spec)
{
	unsigned int i;

	for (i = 0; i < KVPCI_NUM_BARS; i++) {
		if (spec->bars[i].size)
			return true;
	}
	return false;
}

bool spec_reaches_memory(const struct device_spec *spec)
{
	return spec->model && spec->model->description;
}

bool spec_evades_iommu(const struct device_spec *spec, const struct device_spec *port)
{
	return port->translated && !spec->translated && spec_reaches_memory(spec);
}

/* One more region, of @length bytes that are 0 and can't be written. */
static int new_region(struct device_spec *spec, size_t length, struct spec_region **region)
{
	*region = append(&spec->regions, &spec->nr_regions, sizeof(**region));
	return *region ? bytes_create(&(*region)->bytes, length) : no_memory();
}

/* The ROM is a read-only region like others; its size is that of its contents, rounded up. */
int spec_set_rom(struct device_spec *spec, const void *data, size_t length)
{
	struct spec_region *region;
	__u64 size = 2048;
	int status;

	while (size < length)
		size *= 2;
	status = new_region(spec, length, &region);
	if (status)
		return status;
	memcpy(region->bytes.value, data, length);
	region->bar = KVPCI_BAR_ROM;
	region->mirror = true;
	spec->rom_size = size;
	return STATUS_OK;
}

static int set_rom(struct device_spec *spec, const char *key, char *value)
{
	struct file file;
	int status;

	if (spec->rom_size)
		return misuse("--device: %s is given twice", key);
	status = file_read(&file, value, "expansion ROM");
	if (status)
		return status;
	if (file.size > KVPCI_MAX_REGISTERS)
		status = misuse("--device: the expansion ROM %s is larger than 16 MiB", value);
	else
		status = spec_set_rom(spec, file.data, file.size);
	file_free(&file);
	return status;
}

/* BAR@OFFSET */
static bool parse_start(char *text, unsigned int *bar, __u64 *offset)
{
	char *at = strchr(text, '@');
	__u64 number;

	if (!at)
		return false;
	*at++ = '\0';
	if (!parse_number(text, &number) || number >= KVPCI_NUM_BARS || !parse_size(at, offset))
		return false;
	*bar = number;
	return true;
}

/* BAR@OFFSET+LENGTH */
static int parse_place(char *text, unsigned int *bar, __u64 *offset, __u64 *length,
		       const char *key)
{
	char *plus = strchr(text, '+');

	if (plus) {
		*plus++ = '\0';
		if (parse_start(text, bar, offset) && parse_size(plus, length))
			return STATUS_OK;
	}
	return misuse("--device: %s: write BAR@OFFSET+LENGTH, like %s=0@0x40+16", key, key);
}

/* intx, or msi or msix and optionally a colon and a vector */
static int parse_trigger(struct spec_region *region, const char *text, const char *key)
{
	static const struct {
		const char *name;
		enum kvpci_interrupt interrupt;
		__u16 max;
	} kinds[] = {
		{ "intx", KVPCI_INTX, 0 },
		{ "msi", KVPCI_MSI, UINT16_MAX },
		{ "msix", KVPCI_MSIX, UINT16_MAX },
	};
	size_t length = strcspn(text, ":");
	__u64 vector = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strncmp(text, kinds[i].name, length) || kinds[i].name[length])
			continue;
		if (text[length] &&
		    (!parse_number(text + length + 1, &vector) || vector > kinds[i].max))
			break;
		region->trigger = kinds[i].interrupt;
		region->vector = vector;
		return STATUS_OK;
	}
	return misuse("--device: %s: trigger=%s: write intx, msi:VECTOR or msix:VECTOR", key, text);
}

static int add_region(struct device_spec *spec, const char *key, char *value,
		      enum spec_keeper keeper)
{
	unsigned int allowed = keeper == KEEPER_KERNEL ? KERNEL_OPTIONS : REGISTER_OPTIONS;
	struct spec_region *region;
	struct item_options opts;
	__u64 offset, length;
	unsigned int bar;
	int status;

	status = parse_options(&opts, allowed, value, key);
	if (status)
		return status;
	status = parse_place(value, &bar, &offset, &length, key);
	if (status)
		return status;
	if (!length || length > KVPCI_MAX_REGISTERS)
		return misuse("--device: %s: a region has from 1 byte to 16 MiB, split it", key);
	if (opts.set_readonly && opts.writable)
		return misuse("--device: %s: ro and writable= exclude each other", key);
	if (opts.set_lower && opts.trigger)
		return misuse("--device: %s: lower and trigger= exclude each other", key);

	status = new_region(spec, length, &region);
	if (status)
		return status;
	if (!opts.set_readonly && !opts.writable)
		memset(region->bytes.writable, 0xff, length);
	region->keeper = keeper;
	region->bar = bar;
	region->offset = offset;
	region->count = opts.set_count;
	region->lower = opts.set_lower;
	region->mirror = opts.set_mirror;
	status = opts.trigger ? parse_trigger(region, opts.trigger, key) : STATUS_OK;
	if (status)
		return status;
	return bytes_fill(&region->bytes, 0, &opts, key);
}

static int add_registers(struct device_spec *spec, const char *key, char *value)
{
	return add_region(spec, key, value, KEEPER_KERNEL);
}

static int add_user(struct device_spec *spec, const char *key, char *value)
{
	return add_region(spec, key, value, KEEPER_LAUNCHER);
}

static int add_doorbell(struct device_spec *spec, const char *key, char *value)
{
	struct spec_doorbell doorbell = { .fd = -1 };
	struct spec_doorbell *entry;
	struct item_options opts;
	__u64 length, fd;
	int status;

	status = parse_options(&opts, OPT_DATA | OPT_FD, value, key);
	if (status)
		return status;
	status = parse_place(value, &doorbell.bar, &doorbell.offset, &length, key);
	if (status)
		return status;
	if (length > DOORBELL_MAX_LENGTH || length & (length - 1))
		return misuse("--device: %s: the length is 1, 2, 4 or 8, or 0 for any", key);
	doorbell.length = length;
	if (opts.data) {
		doorbell.has_data = true;
		if (!length || !parse_number(opts.data, &doorbell.data) ||
		    (length < 8 && doorbell.data >> (8 * length)))
			return misuse("--device: %s: data=%s is not a number of %llu bytes",
				      key, opts.data, length);
	}
	if (opts.fd) {
		if (!parse_number(opts.fd, &fd) || fd > INT32_MAX)
			return misuse("--device: %s: fd=%s is not a file descriptor",
				      key, opts.fd);
		doorbell.fd = fd;
	}
	entry = append(&spec->doorbells, &spec->nr_doorbells, sizeof(*entry));
	if (!entry)
		return no_memory();
	*entry = doorbell;
	return STATUS_OK;
}

static int parse_limited(const char *text, __u64 min, __u64 max, __u64 *number,
			 const char *key, const char *option)
{
	if (!text || (parse_number(text, number) && *number >= min && *number <= max))
		return STATUS_OK;
	return misuse("--device: %s: %s=%s is not a number from %llu to %llu",
		      key, option, text, min, max);
}

static int parse_at(const char *text, __u16 min, __u16 max, __u16 *at, const char *key)
{
	__u64 number = 0;
	int status = parse_limited(text, min, max, &number, key, "at");

	if (!status && number % 4)
		status = misuse("--device: %s: at=%s is not a multiple of 4", key, text);
	*at = number;
	return status;
}

static struct spec_capability *append_capability(struct device_spec *spec)
{
	return append(&spec->capabilities, &spec->nr_capabilities,
		      sizeof(struct spec_capability));
}

int spec_add_capability(struct device_spec *spec, const struct spec_capability *what, size_t length,
			struct spec_bytes **bytes)
{
	struct spec_capability *capability = append_capability(spec);
	int status = STATUS_OK;

	if (!capability)
		return no_memory();
	*capability = *what;
	capability->bytes = (struct spec_bytes){ 0 };
	if (length)
		status = bytes_create(&capability->bytes, length);
	*bytes = &capability->bytes;
	return status;
}

/* ID/options; the bytes that the user gives start after the header. */
static int add_capability(struct device_spec *spec, const char *key, char *value, bool extended)
{
	size_t header = extended ? 4 : 2;
	__u64 space = extended ? EXTENDED_CONFIG_SIZE : CONFIG_SIZE;
	__u64 id, version = extended, length;
	struct spec_capability *capability;
	struct item_options opts;
	__u16 at;
	int status;

	status = parse_options(&opts, CAPABILITY_OPTIONS | (extended ? OPT_VERSION : 0),
			       value, key);
	if (status)
		return status;
	if (!parse_hex(value, extended ? 0xffff : 0xff, &id))
		return misuse("--device: %s: write the ID as up to %u hexadecimal digits, like %s=%s",
			      key, extended ? 4 : 2, key, extended ? "000b" : "09");
	if (!extended && (id == CAP_MSI || id == CAP_MSIX))
		return misuse("--device: %s=%s: the kernel makes this capability, write %s= instead",
			      key, value, id == CAP_MSI ? "msi" : "msix");
	length = header + (opts.value ? strlen(opts.value) / 2 : 0);
	status = parse_limited(opts.length, header, space, &length, key, "length");
	if (!status)
		status = parse_at(opts.at, extended ? CONFIG_SIZE : 0x40, space - 4, &at, key);
	if (!status)
		status = parse_limited(opts.version, 1, 15, &version, key, "version");
	if (status)
		return status;

	capability = append_capability(spec);
	if (!capability)
		return no_memory();
	status = bytes_create(&capability->bytes, length);
	if (status)
		return status;
	capability->flags = extended ? KVPCI_CAP_EXTENDED : 0;
	capability->id = id;
	capability->version = version;
	capability->offset = at;
	return bytes_fill(&capability->bytes, header, &opts, key);
}

static int add_standard(struct device_spec *spec, const char *key, char *value)
{
	return add_capability(spec, key, value, false);
}

static int add_extended(struct device_spec *spec, const char *key, char *value)
{
	return add_capability(spec, key, value, true);
}

/* The capability of MSI or MSI-X, of which there is one. */
static int add_vectors(struct device_spec *spec, __u32 flags, __u16 id, const char *at,
		       const char *key)
{
	struct spec_capability *capability;
	__u16 offset;
	int status;

	status = parse_at(at, 0x40, CONFIG_SIZE - 4, &offset, key);
	if (status)
		return status;
	capability = append_capability(spec);
	if (!capability)
		return no_memory();
	capability->flags = flags;
	capability->id = id;
	capability->offset = offset;
	return STATUS_OK;
}

static int set_msi(struct device_spec *spec, const char *key, char *value)
{
	struct item_options opts;
	__u64 vectors;
	int status;

	if (spec->msi.vectors)
		return misuse("--device: %s is given twice", key);
	status = parse_options(&opts, OPT_64BIT | OPT_MASK | OPT_AT, value, key);
	if (status)
		return status;
	if (!parse_number(value, &vectors) || !vectors || vectors > KVPCI_MAX_MSI_VECTORS ||
	    vectors & (vectors - 1))
		return misuse("--device: %s=%s: the number of vectors is a power of two from 1 to %u",
			      key, value, KVPCI_MAX_MSI_VECTORS);
	spec->msi = (struct kvpci_msi){
		.size = sizeof(spec->msi),
		.flags = (opts.set_64bit ? KVPCI_MSI_64BIT : 0) |
			 (opts.set_mask ? KVPCI_MSI_MASK : 0),
		.vectors = vectors,
	};
	return add_vectors(spec, KVPCI_CAP_MSI, CAP_MSI, opts.at, key);
}

/* BAR@OFFSET of the table or of the pending bits */
static int parse_part(const char *text, __u8 *bar, __u32 *offset, const char *key,
		      const char *option)
{
	unsigned int number;
	__u64 start;
	char *copy;
	bool good;

	copy = strdup(text);
	if (!copy)
		return no_memory();
	good = parse_start(copy, &number, &start) && start <= UINT32_MAX && start % 8 == 0;
	free(copy);
	if (!good)
		return misuse("--device: %s: %s=%s: write BAR@OFFSET, a multiple of 8, like %s=1@0",
			      key, option, text, option);
	*bar = number;
	*offset = start;
	return STATUS_OK;
}

static int set_msix(struct device_spec *spec, const char *key, char *value)
{
	struct kvpci_msix *msix = &spec->msix;
	struct item_options opts;
	__u64 vectors, end;
	int status;

	if (msix->vectors)
		return misuse("--device: %s is given twice", key);
	status = parse_options(&opts, OPT_TABLE | OPT_PBA | OPT_AT, value, key);
	if (status)
		return status;
	if (!parse_number(value, &vectors) || !vectors || vectors > KVPCI_MAX_MSIX_VECTORS)
		return misuse("--device: %s=%s: the number of vectors is from 1 to %u",
			      key, value, KVPCI_MAX_MSIX_VECTORS);
	if (!opts.table)
		return misuse("--device: %s: say where the table is, like %s=%s/table=1@0",
			      key, key, value);
	msix->size = sizeof(*msix);
	msix->vectors = vectors;
	status = parse_part(opts.table, &msix->table_bar, &msix->table_offset, key, "table");
	if (status)
		return status;
	/* If nothing else is said, the pending bits follow the table. */
	end = msix->table_offset + MSIX_ENTRY_SIZE * vectors;
	msix->pba_bar = msix->table_bar;
	msix->pba_offset = end;
	if (opts.pba)
		status = parse_part(opts.pba, &msix->pba_bar, &msix->pba_offset, key, "pba");
	else if (end > UINT32_MAX)
		status = misuse("--device: %s: there are no 32-bit offsets behind the table, say where the pending bits are with pba=",
				key);
	if (status)
		return status;
	return add_vectors(spec, KVPCI_CAP_MSIX, CAP_MSIX, opts.at, key);
}

static const struct {
	const char *name;
	int (*parse)(struct device_spec *spec, const char *key, char *value);
} keys[] = {
	{ "id", set_id },
	{ "class", set_class },
	{ "rev", set_revision },
	{ "subsys", set_subsystem },
	{ "addr", set_address },
	{ "name", set_name },
	{ "behind", set_behind },
	{ "bridge", set_bridge },
	{ "iommu", set_iommu },
	{ "count", set_count },
	{ "bar0", set_bar },
	{ "bar1", set_bar },
	{ "bar2", set_bar },
	{ "bar3", set_bar },
	{ "bar4", set_bar },
	{ "bar5", set_bar },
	{ "rom", set_rom },
	{ "regs", add_registers },
	{ "user", add_user },
	{ "doorbell", add_doorbell },
	{ "cap", add_standard },
	{ "ecap", add_extended },
	{ "pm", set_pm },
	{ "pcie", set_pcie },
	{ "intx", set_intx },
	{ "msi", set_msi },
	{ "msix", set_msix },
};

/*
 * Cut the next item off the list: up to a comma, two commas being one that belongs to
 * the item. Returns NULL at the end of the list.
 */
static char *next_item(char **list)
{
	char *item = *list;
	char *from = item;
	char *to = item;

	if (!item)
		return NULL;
	for (; *from; *to++ = *from++) {
		if (*from != ',')
			continue;
		if (from[1] != ',')
			break;
		from++;
	}
	*list = *from ? from + 1 : NULL;
	*to = '\0';
	return item;
}

static int parse_text(struct device_spec *spec, const char *text);

/* The first item may be a preset's name; what follows adds to it. */
static int parse_preset(struct device_spec *spec, const char *name)
{
	const struct preset *preset;

	for (preset = presets; preset->name; preset++) {
		if (strcmp(name, preset->name))
			continue;
		spec->name = preset->name;
		spec->model = preset->model;
		return parse_text(spec, preset->description);
	}
	return misuse("--device: %s is neither key=value nor a known device, see kvpci-run --help",
		      name);
}

static const struct model_description *model_description(const struct device_spec *spec)
{
	return spec->model ? spec->model->description : NULL;
}

static int parse_item(struct device_spec *spec, char *item, bool first)
{
	const struct model_description *model = model_description(spec);
	char *value = strchr(item, '=');
	bool known = false;
	int status;
	size_t i;

	if (!value) {
		if (first)
			return parse_preset(spec, item);
		return misuse("--device: %s is not key=value", item);
	}
	*value++ = '\0';
	/* First: a model may know more values of a key that all have. */
	if (model) {
		known = true;
		status = model->parse(spec, item, value, &known);
		if (known)
			return status;
	}
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!strcmp(item, keys[i].name))
			return keys[i].parse(spec, item, value);
	}
	return misuse("--device: there is no key %s, see kvpci-run(1)", item);
}

static int parse_items(struct device_spec *spec, char *list)
{
	bool first = true;
	char *item;
	int status;

	while ((item = next_item(&list))) {
		status = parse_item(spec, item, first);
		if (status)
			return status;
		first = false;
	}
	return STATUS_OK;
}

static int parse_text(struct device_spec *spec, const char *text)
{
	char *copy = strdup(text);
	int status;

	if (!copy)
		return no_memory();
	status = parse_items(spec, copy);
	free(copy);
	return status;
}

int spec_add(struct device_spec *spec, const char *text)
{
	int status = parse_text(spec, text);

	return status ? status : spec_check(spec);
}

int spec_open(struct device_spec *spec, const struct guest_memory *memory)
{
	const struct model_description *model = model_description(spec);

	return model ? model->open(spec, memory) : STATUS_OK;
}

int spec_parse(struct device_spec *spec, const char *text)
{
	int status;

	*spec = (struct device_spec){
		.name = "device",
		.class_code = CLASS_UNDEFINED,
		.count = 1,
		.pm = true,
		.pcie = true,
	};
	status = parse_text(spec, text);
	if (!status && model_description(spec))
		status = model_description(spec)->check(spec);
	if (!status)
		status = spec_check(spec);
	if (status)
		spec_free(spec);
	return status;
}

void spec_free(struct device_spec *spec)
{
	size_t i;

	if (model_description(spec))
		model_description(spec)->free(spec);
	for (i = 0; i < spec->nr_regions; i++)
		bytes_free(&spec->regions[i].bytes);
	for (i = 0; i < spec->nr_capabilities; i++)
		bytes_free(&spec->capabilities[i].bytes);
	free(spec->label);
	free(spec->behind);
	free(spec->regions);
	free(spec->doorbells);
	free(spec->capabilities);
	*spec = (struct device_spec){ 0 };
}
