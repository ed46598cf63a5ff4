// SPDX-License-Identifier: GPL-2.0
/* The command line: getopt_long() finds the options, parse.c and spec.c read their values. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages.h"
#include "layout.h"
#include "memory.h"
#include "numa.h"
#include "options.h"
#include "parse.h"
#include "preset.h"
#include "report.h"

#define DEFAULT_MEMORY	MIB(512)

/* APIC IDs have 8 bits, and 255 stands for all. */
#define MAX_CPUS	254

enum option_key {
	OPT_KERNEL = 'k',
	OPT_INITRD = 'i',
	OPT_APPEND = 'a',
	OPT_MEMORY = 'm',
	OPT_CPUS = 'c',
	OPT_DEVICE = 'd',
	OPT_DISK = 'D',
	OPT_HELP = 'h',
	OPT_VERSION = 'V',
	OPT_MODULE = 0x100,
	OPT_UNPACK,
	OPT_CONTROL,
	OPT_CF8,
	OPT_NO_CF8,
	OPT_MIRROR,
	OPT_DEBUG_EXIT,
	OPT_STATS,
	OPT_NET,
	OPT_VSOCK,
	OPT_SHARE,
	OPT_SCSI,
	OPT_VDPA,
	OPT_IOMMU,
	OPT_VFIO,
	OPT_HUGEPAGES,
	OPT_NUMA_NODE,
	OPT_CPU_AFFINITY,
};

static const char short_options[] = ":k:i:a:m:c:d:D:hV";

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "unpack", no_argument, NULL, OPT_UNPACK },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "hugepages", optional_argument, NULL, OPT_HUGEPAGES },
	{ "numa-node", required_argument, NULL, OPT_NUMA_NODE },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "cpu-affinity", required_argument, NULL, OPT_CPU_AFFINITY },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "disk", required_argument, NULL, OPT_DISK },
	{ "net", required_argument, NULL, OPT_NET },
	{ "vsock", required_argument, NULL, OPT_VSOCK },
	{ "share", required_argument, NULL, OPT_SHARE },
	{ "scsi", required_argument, NULL, OPT_SCSI },
	{ "vdpa", required_argument, NULL, OPT_VDPA },
	{ "iommu", no_argument, NULL, OPT_IOMMU },
	{ "vfio", required_argument, NULL, OPT_VFIO },
	{ "module", required_argument, NULL, OPT_MODULE },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "cf8", required_argument, NULL, OPT_CF8 },
	{ "no-cf8", no_argument, NULL, OPT_NO_CF8 },
	{ "mirror", required_argument, NULL, OPT_MIRROR },
	{ "debug-exit", no_argument, NULL, OPT_DEBUG_EXIT },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	const struct preset *preset;

	printf("Usage: kvpci-run --kernel FILE [OPTION]...\n"
	       "Run a kernel in a virtual machine whose PCI bus is emulated by kvpci.ko.\n"
	       "\n"
	       "  -k, --kernel FILE     Linux bzImage, ELF file with a PVH note, or multiboot ELF file\n"
	       "      --unpack          unpack a bzImage here, and not in the guest, which then has\n"
	       "                        no random addresses (KASLR)\n"
	       "  -i, --initrd FILE     initial RAM disk, or multiboot module\n"
	       "  -a, --append TEXT     kernel command line (Linux: console=ttyS0)\n"
	       "  -m, --memory SIZE     RAM, with suffix K, M or G (512M)\n"
	       "      --hugepages[=2M|1G]  RAM of huge pages that the host has set aside\n"
	       "      --numa-node N     RAM from this NUMA node of the host\n"
	       "  -c, --cpus N          processors (1)\n"
	       "      --cpu-affinity VCPU=CPUS[,...]  pin processors to CPUs of the host: 0=2,1=4-5,7\n"
	       "  -d, --device DEVICE   add PCI functions; may be repeated\n"
	       "  -D, --disk DISK       add a disk: FILE or vhost-user=SOCKET; may be repeated\n"
	       "      --net NET         add a network device: tap=NAME or vhost-user=SOCKET;\n"
	       "                        may be repeated\n"
	       "      --vsock CID       add sockets between guest and host; the guest has number CID\n"
	       "      --share SHARE     share a directory: DIR,tag=TAG or vhost-user=SOCKET,tag=TAG;\n"
	       "                        may be repeated\n"
	       "      --scsi WWPN       add the disks of that target of the host's vhost-scsi\n"
	       "      --vdpa PATH       add the device that PATH, a /dev/vhost-vdpa-N, offers\n"
	       "      --iommu           add an IOMMU, behind which are devices with iommu=on\n"
	       "      --vfio DEVICE     give the guest a device of the host, by PCI address or sysfs path\n"
	       "      --control FILE    listen at socket FILE for kvpci-ctl, which adds and removes devices\n"
	       "      --module FILE     if kvpci is not loaded, load it from FILE\n"
	       "      --cf8 on|off      PCI configuration through ports 0xcf8 to 0xcff (off for a bzImage)\n"
	       "      --no-cf8          the same as --cf8=off\n"
	       "      --mirror on|off   let the guest read PCI registers without exits (on)\n"
	       "      --debug-exit      a write to port 0xf4 ends the guest and sets the exit status\n"
	       "      --stats           when the guest has ended, print exits and doorbell counts\n"
	       "  -h, --help            print this\n"
	       "  -V, --version         print the version\n"
	       "\n"
	       "DISK may have more, separated by commas:\n"
	       "  format=raw|qcow2  ro=on|off  queues=N  reconnect=on|off  notify=mmio|pio,\n"
	       "  and what DEVICE may have\n"
	       "NET likewise:\n"
	       "  mac=XX:XX:XX:XX:XX:XX  queues=N  mtu=N  reconnect=on|off  notify=mmio|pio,\n"
	       "  and what DEVICE may have\n"
	       "SHARE likewise:\n"
	       "  queues=N  reconnect=on|off  notify=mmio|pio, and what DEVICE may have\n"
	       "DEVICE is a list of key=value, separated by commas:\n"
	       "  id=VENDOR:DEVICE  class=CCSSPP  rev=RR  subsys=VENDOR:DEVICE\n"
	       "  addr=[BUS:]DEV[.FN]  count=N  pm=on|off  pcie=on|off|flr\n"
	       "  bridge=on|off  name=NAME  behind=NAME   bridges, and what is behind them\n"
	       "  iommu=on|off                            behind the IOMMU of --iommu\n"
	       "  barN=io|mem32|mem32p|mem64|mem64p/SIZE  rom=FILE\n"
	       "  regs=BAR@OFFSET+LENGTH[/OPTION]...      registers in the kernel\n"
	       "  user=BAR@OFFSET+LENGTH[/OPTION]...      registers in the launcher\n"
	       "  doorbell=BAR@OFFSET+LENGTH[/OPTION]...  counted writes\n"
	       "  intx=a|b|c|d  msi=N[/OPTION]...         interrupts\n"
	       "  msix=N/table=BAR@OFFSET[/OPTION]...     interrupts\n"
	       "  cap=ID[/OPTION]...  ecap=ID[/OPTION]... capabilities\n"
	       "or starts with the name of a known device:\n");
	for (preset = presets; preset->name; preset++)
		printf("  %-22s%s\n", preset->name, preset->summary);
	printf("\n"
	       "Ctrl-A x on the terminal ends the guest, Ctrl-A Ctrl-A sends Ctrl-A to it.\n"
	       "The manual kvpci-run(1) tells more.\n");
}

static int parse_memory(struct options *options, const char *text)
{
	__u64 size;

	if (!parse_size(text, &size))
		return misuse("--memory %s is not a size, write a number and K, M or G", text);
	if (size < MEMORY_MINIMUM)
		return misuse("--memory %s is less than %lluM, write a number and K, M or G",
			      text, MEMORY_MINIMUM / MIB(1));
	if (size % KIB(4))
		return misuse("--memory %s is not a multiple of 4K", text);
	options->memory.size = size;
	return STATUS_OK;
}

static int parse_hugepages(struct options *options, const char *text)
{
	__u64 page = MIB(2);

	if (text && (!parse_size(text, &page) || !hugepages_size_known(page)))
		return misuse("--hugepages=%s is neither 2M nor 1G", text);
	options->memory.huge_page = page;
	return STATUS_OK;
}

static int parse_numa_node(struct options *options, const char *text)
{
	__u64 number;

	if (!parse_number(text, &number) || number >= NUMA_MAX_NODES)
		return misuse("--numa-node %s is not a number from 0 to %u", text,
			      NUMA_MAX_NODES - 1);
	options->memory.bound = true;
	options->memory.node = number;
	return STATUS_OK;
}

static int parse_cpus(struct options *options, const char *text)
{
	__u64 number;

	if (!parse_number(text, &number) || !number || number > MAX_CPUS)
		return misuse("--cpus %s is not a number from 1 to %u", text, MAX_CPUS);
	options->cpus = number;
	return STATUS_OK;
}

static int parse_device(struct options *options, const char *text)
{
	struct device_spec *grown = reallocarray(options->devices, options->nr_devices + 1,
						 sizeof(*grown));
	int status;

	if (!grown)
		return fail("not enough memory for the devices, describe fewer");
	options->devices = grown;
	status = spec_parse(&options->devices[options->nr_devices], text);
	if (!status)
		options->nr_devices++;
	return status;
}

/* What is a device, too: @preset, and @text, before which @key may be left out. */
static int parse_short(struct options *options, const char *preset, const char *key,
		       const char *text)
{
	char *device;
	int status;

	if (asprintf(&device, "%s,%s%s", preset, key, text) < 0)
		return fail("not enough memory for the devices, describe fewer");
	status = parse_device(options, device);
	free(device);
	return status;
}

/* What is not on a daemon that is there has @key. */
static int parse_file(struct options *options, const char *preset, const char *key,
		      const char *text)
{
	return parse_short(options, preset, strncmp(text, "vhost-user=", 11) ? key : "", text);
}

static int parse_on_off(const char *name, const char *text, bool *on)
{
	*on = !strcmp(text, "on");
	if (*on || !strcmp(text, "off"))
		return STATUS_OK;
	return misuse("%s %s is neither on nor off", name, text);
}

static int parse_option(struct options *options, int option, const char *argument)
{
	int status;
	bool on;

	switch (option) {
	case OPT_KERNEL:
		options->kernel = argument;
		return STATUS_OK;
	case OPT_UNPACK:
		options->unpack = true;
		return STATUS_OK;
	case OPT_INITRD:
		options->initrd = argument;
		return STATUS_OK;
	case OPT_APPEND:
		options->append = argument;
		return STATUS_OK;
	case OPT_CONTROL:
		options->control = argument;
		return STATUS_OK;
	case OPT_MODULE:
		options->module = argument;
		return STATUS_OK;
	case OPT_MEMORY:
		return parse_memory(options, argument);
	case OPT_CPUS:
		return parse_cpus(options, argument);
	case OPT_HUGEPAGES:
		return parse_hugepages(options, argument);
	case OPT_NUMA_NODE:
		return parse_numa_node(options, argument);
	case OPT_CPU_AFFINITY:
		return affinity_parse(&options->affinity, argument);
	case OPT_DEVICE:
		return parse_device(options, argument);
	case OPT_DISK:
		return parse_file(options, "virtio-blk", "file=", argument);
	case OPT_NET:
		return parse_short(options, "virtio-net", "", argument);
	case OPT_VSOCK:
		return parse_short(options, "virtio-vsock", "cid=", argument);
	case OPT_SHARE:
		return parse_file(options, "virtio-fs", "dir=", argument);
	case OPT_SCSI:
		return parse_short(options, "virtio-scsi", "wwpn=", argument);
	case OPT_VDPA:
		return parse_short(options, "virtio-vdpa", "path=", argument);
	case OPT_IOMMU:
		return parse_device(options, "virtio-iommu");
	case OPT_VFIO:
		return parse_short(options, "vfio", "path=", argument);
	case OPT_CF8:
		status = parse_on_off("--cf8", argument, &on);
		if (!status)
			options->cf8 = on ? CF8_ON : CF8_OFF;
		return status;
	case OPT_NO_CF8:
		options->cf8 = CF8_OFF;
		return STATUS_OK;
	case OPT_MIRROR:
		return parse_on_off("--mirror", argument, &options->mirror);
	case OPT_DEBUG_EXIT:
		options->debug_exit = true;
		return STATUS_OK;
	case OPT_STATS:
		options->stats = true;
		return STATUS_OK;
	case OPT_HELP:
		print_help();
		options->done = true;
		return STATUS_OK;
	default:
		printf("kvpci-run %s\n", VERSION);
		options->done = true;
		return STATUS_OK;
	}
}

/* Whatever is behind it, there is one. */
static int check_iommu(const struct options *options)
{
	unsigned int iommus = 0;
	bool translated = false;
	size_t i;

	for (i = 0; i < options->nr_devices; i++) {
		const struct device_spec *spec = &options->devices[i];

		translated |= spec->translated;
		if (!spec->iommu)
			continue;
		iommus++;
		if (spec->behind || spec->translated)
			return misuse("the IOMMU is on bus 0 and behind nothing, leave out behind= and iommu=");
	}
	if (iommus > 1)
		return misuse("there is one IOMMU at most, say --iommu once");
	if (translated && !iommus)
		return misuse("iommu=on needs an IOMMU, add --iommu");
	return STATUS_OK;
}

/* What is wrong with options that don't go together, in whichever order they are. */
static int check(const struct options *options)
{
	const struct memory_options *memory = &options->memory;
	int status;

	if (!options->kernel)
		return misuse("say what to boot with --kernel, see kvpci-run --help");
	if (memory->huge_page && memory->size % memory->huge_page)
		return misuse("--memory is not a multiple of --hugepages=%s",
			      hugepages_name(memory->huge_page));
	status = check_iommu(options);
	return status ? status : affinity_check_vcpus(&options->affinity, options->cpus);
}

static int parse(struct options *options, int argc, char **argv)
{
	int option;
	int status;

	opterr = 0;
	optind = 0;	/* start anew, whatever has been parsed before */
	while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (option == ':')
			return misuse("option %s needs a value, see kvpci-run --help",
				      argv[optind - 1]);
		if (option == '?')
			return misuse("there is no option %s, see kvpci-run --help",
				      argv[optind - 1]);
		status = parse_option(options, option, optarg);
		if (status || options->done)
			return status;
	}
	if (optind < argc)
		return misuse("%s is no option, see kvpci-run --help", argv[optind]);
	return check(options);
}

int options_parse(struct options *options, int argc, char **argv)
{
	int status;

	*options = (struct options){
		.memory.size = DEFAULT_MEMORY,
		.cpus = 1,
		.mirror = true,
	};
	status = parse(options, argc, argv);
	if (status)
		options_free(options);
	return status;
}

void options_free(struct options *options)
{
	size_t i;

	for (i = 0; i < options->nr_devices; i++)
		spec_free(&options->devices[i]);
	free(options->devices);
	affinity_free(&options->affinity);
	*options = (struct options){ 0 };
}
