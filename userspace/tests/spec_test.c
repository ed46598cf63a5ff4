// SPDX-License-Identifier: GPL-2.0
/* The grammar of --device: what each item means, and what each mistake is told. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "array.h"
#include "report.h"
#include "spec.h"
#include "test.h"

void expect_misuse(const struct misuse *descriptions, size_t nr)
{
	struct device_spec spec;
	size_t i;

	for (i = 0; i < nr; i++)
		EXPECT_MESSAGE(spec_parse(&spec, descriptions[i].text), STATUS_USAGE,
			       descriptions[i].message);
}

/* Parse what must be right; a failure is one of the test, and leaves an empty one. */
static struct device_spec parse(const char *text)
{
	struct device_spec spec;

	test_forget_message();
	if (spec_parse(&spec, text))
		test_failed(text, 0, test_message());
	return spec;
}

static void identity(void)
{
	struct device_spec spec = parse("id=1b36:0005,class=020001,rev=a,subsys=1af4:1100,addr=12:1f.7,count=3");

	EXPECT(spec.vendor == 0x1b36 && spec.device == 5);
	EXPECT(spec.class_code == 0x020001 && spec.revision == 10);
	EXPECT(spec.subsystem_vendor == 0x1af4 && spec.subsystem == 0x1100);
	EXPECT(spec.has_address && spec.bus == 0x12 && spec.devfn == 0xff);
	EXPECT(spec.count == 3);
	spec_free(&spec);
}

static void defaults(void)
{
	struct device_spec spec = parse("id=4:2");

	EXPECT(spec.vendor == 4 && spec.device == 2 && spec.class_code == 0xff0000);
	EXPECT(!spec.has_address && spec.count == 1 && spec.pm && spec.pcie);
	EXPECT(!spec.nr_regions && !spec.nr_doorbells && !spec.nr_capabilities);
	EXPECT(!spec.flr && !spec.interrupt_pin && !spec.msi.vectors && !spec.msix.vectors);
	spec_free(&spec);
	spec = parse("id=4:2,addr=3,pm=off,pcie=off");
	EXPECT(spec.has_address && !spec.bus && spec.devfn == 0x18 && !spec.pm && !spec.pcie);
	spec_free(&spec);
	spec = parse("id=4:2,pcie=flr");
	EXPECT(spec.pcie && spec.flr);
	spec_free(&spec);
}

static void bars(void)
{
	struct device_spec spec = parse("id=4:2,bar0=mem32/16,bar1=io/4,bar2=mem64p/1T,bar4=mem32p/4K,bar5=io/32K");

	EXPECT(spec.bars[0].size == 16 && spec.bars[0].flags == 0);
	EXPECT(spec.bars[1].size == 4 && spec.bars[1].flags == KVPCI_BAR_IO);
	EXPECT(spec.bars[2].size == 1ULL << 40);
	EXPECT(spec.bars[2].flags == (KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH));
	EXPECT(!spec.bars[3].size);
	EXPECT(spec.bars[4].flags == KVPCI_BAR_PREFETCH && spec.bars[5].size == 32768);
	spec_free(&spec);
}

static void registers(void)
{
	struct device_spec spec = parse("id=4:2,regs=0@0+4,regs=0@4+4/ro/value=0102,regs=0@8+4/writable=0f/w1c=f001/count,user=0@0xc+4,bar0=mem32/16");
	const struct spec_region *region = spec.regions;

	EXPECT(spec.nr_regions == 4);
	if (spec.nr_regions == 4) {
		EXPECT(region[0].bytes.writable[3] == 0xff && !region[0].bytes.value[0]);
		EXPECT(region[1].offset == 4 && !region[1].bytes.writable[0]);
		EXPECT(region[1].bytes.value[1] == 2 && !region[1].bytes.value[2]);
		EXPECT(region[2].bytes.writable[0] == 0x0f && !region[2].bytes.writable[1]);
		EXPECT(region[2].bytes.write1clear[0] == 0xf0);
		EXPECT(region[2].bytes.write1clear[1] == 1 && region[2].count);
		EXPECT(region[3].keeper == KEEPER_LAUNCHER && !region[3].count);
		EXPECT(region[0].keeper == KEEPER_KERNEL);
	}
	spec_free(&spec);
	/* No bit is both. */
	spec = parse("id=4:2,regs=0@0+1/w1c=0f,bar0=mem32/16");
	EXPECT(spec.nr_regions == 1 && spec.regions[0].bytes.writable[0] == 0xf0);
	spec_free(&spec);
}

static void doorbells(void)
{
	struct device_spec spec = parse("id=4:2,bar2=mem64/4K,doorbell=2@0x800+0,doorbell=2@16+8/data=0xffffffffffffffff,doorbell=2@32+2/data=65535/fd=7");
	const struct spec_doorbell *doorbell = spec.doorbells;

	EXPECT(spec.nr_doorbells == 3);
	if (spec.nr_doorbells == 3) {
		EXPECT(doorbell[0].offset == 0x800 && !doorbell[0].length);
		EXPECT(!doorbell[0].has_data && doorbell[0].fd == -1);
		EXPECT(doorbell[1].has_data && doorbell[1].data == ~0ULL);
		EXPECT(doorbell[2].length == 2 && doorbell[2].fd == 7);
	}
	spec_free(&spec);
}

static void capabilities(void)
{
	struct device_spec spec = parse("id=4:2,cap=09/value=aabb/writable=00ff/at=0x80,ecap=000b/length=12/version=3,cap=9/length=2");
	const struct spec_capability *cap = spec.capabilities;

	EXPECT(spec.nr_capabilities == 3);
	if (spec.nr_capabilities == 3) {
		EXPECT(cap[0].id == 9 && !cap[0].flags && cap[0].offset == 0x80);
		EXPECT(cap[0].bytes.length == 4 && cap[0].bytes.value[2] == 0xaa);
		EXPECT(!cap[0].bytes.writable[2] && cap[0].bytes.writable[3] == 0xff);
		EXPECT(cap[0].version == 0);
		EXPECT(cap[1].flags == KVPCI_CAP_EXTENDED);
		EXPECT(cap[1].id == 0xb && cap[1].version == 3);
		EXPECT(cap[1].bytes.length == 12 && !cap[1].offset);
		EXPECT(cap[2].bytes.length == 2);
	}
	spec_free(&spec);
}

static void message_interrupts(void)
{
	struct device_spec spec = parse("id=4:2,cap=9/length=4,msix=65/table=1@0x100/pba=2@8/at=0xb0,msi=8/64bit/mask,bar1=mem32/4K,bar2=mem64/4K");

	/* Capabilities keep the order in which they are given. */
	EXPECT(spec.nr_capabilities == 3);
	if (spec.nr_capabilities == 3) {
		EXPECT(spec.capabilities[1].flags == KVPCI_CAP_MSIX);
		EXPECT(spec.capabilities[1].id == 0x11 && spec.capabilities[1].offset == 0xb0);
		EXPECT(spec.capabilities[2].flags == KVPCI_CAP_MSI);
		EXPECT(spec.capabilities[2].id == 5 && !spec.capabilities[2].offset);
	}
	EXPECT(spec.msix.size == sizeof(spec.msix) && spec.msix.vectors == 65);
	EXPECT(spec.msix.table_bar == 1 && spec.msix.table_offset == 0x100);
	EXPECT(spec.msix.pba_bar == 2 && spec.msix.pba_offset == 8);
	EXPECT(spec.msi.size == sizeof(spec.msi) && spec.msi.vectors == 8);
	EXPECT(spec.msi.flags == (KVPCI_MSI_64BIT | KVPCI_MSI_MASK));
	spec_free(&spec);

	/* The pending bits follow the table; both may fill the BAR. */
	spec = parse("id=4:2,msi=1,msix=3/table=0@8,bar0=mem32/64");
	EXPECT(spec.msix.pba_bar == 0 && spec.msix.pba_offset == 56 && !spec.msi.flags);
	spec_free(&spec);
	spec = parse("id=4:2,msix=2048/table=0@0,bar0=mem32/64K,regs=0@0x8100+4");
	EXPECT(spec.msix.pba_offset == 0x8000);
	spec_free(&spec);
}

static void triggers(void)
{
	struct device_spec spec = parse("id=4:2,intx=C,msi=2,msix=2/table=0@0,bar0=mem32/4K,regs=0@0x100+4/trigger=msix:1,regs=0@0x104+4/trigger=msi/count,regs=0@0x108+4/trigger=intx,regs=0@0x10c+4/lower/ro");
	const struct spec_region *region = spec.regions;

	EXPECT(spec.interrupt_pin == 3 && spec.nr_regions == 4);
	if (spec.nr_regions == 4) {
		EXPECT(region[0].trigger == KVPCI_MSIX && region[0].vector == 1);
		EXPECT(region[1].trigger == KVPCI_MSI && !region[1].vector && region[1].count);
		EXPECT(region[2].trigger == KVPCI_INTX && !region[2].lower);
		EXPECT(region[3].lower && !region[3].trigger);
		EXPECT(!region[0].mirror);
	}
	spec_free(&spec);
}

static void bridges(void)
{
	struct device_spec spec = parse("root-port,name=a,addr=2,bar0=mem64/4K");

	EXPECT(spec.bridge && !strcmp(spec.label, "a") && !spec.behind);
	EXPECT(spec.class_code == 0x060400 && spec.vendor == 0x1b36 && spec.pcie);
	spec_free(&spec);
	spec = parse("root-port,behind=a");
	EXPECT(spec.bridge && !spec.label && !strcmp(spec.behind, "a"));
	spec_free(&spec);
	spec = parse("id=4:2,behind=a,addr=0.3");
	EXPECT(!spec.bridge && !strcmp(spec.behind, "a") && spec.devfn == 3);
	spec_free(&spec);
}

static void presets(void)
{
	struct device_spec spec = parse("pci-testdev,addr=5,bar2=mem64/1G");

	EXPECT(spec.vendor == 0x1b36 && spec.device == 5 && spec.model);
	EXPECT(!strcmp(spec.name, "pci-testdev"));
	EXPECT(spec.bars[0].size == 4096 && spec.bars[1].size == 256);
	EXPECT(spec.bars[2].size == 1ULL << 30 && spec.devfn == 0x28);
	spec_free(&spec);
}

static void files(void)
{
	char path[] = "/tmp/kvpci,test-XXXXXX";
	char text[128];
	struct device_spec spec;
	int fd = mkstemp(path);

	EXPECT(fd >= 0 && write(fd, "\x55\xaa\x01", 3) == 3);
	/* The comma in the name is written twice. */
	snprintf(text, sizeof(text), "id=4:2,rom=/tmp/kvpci,,test-%s", path + 16);
	spec = parse(text);
	EXPECT(spec.rom_size == 2048 && spec.nr_regions == 1);
	if (spec.nr_regions == 1) {
		EXPECT(spec.regions[0].bar == KVPCI_BAR_ROM);
		EXPECT(spec.regions[0].bytes.length == 3);
		EXPECT(spec.regions[0].bytes.value[1] == 0xaa);
		EXPECT(!spec.regions[0].bytes.writable[0]);
	}
	spec_free(&spec);
	/* The file's name has slashes and is the last option. */
	snprintf(text, sizeof(text), "id=4:2,bar0=mem32/16,regs=0@0+4/ro/file=/tmp/kvpci,,test-%s",
		 path + 16);
	spec = parse(text);
	if (spec.nr_regions == 1)
		EXPECT(spec.regions[0].bytes.value[2] == 1 && !spec.regions[0].bytes.value[3]);
	spec_free(&spec);
	snprintf(text, sizeof(text), "id=4:2,bar0=mem32/16,regs=0@0+2/file=/tmp/kvpci,,test-%s",
		 path + 16);
	EXPECT_MESSAGE(spec_parse(&spec, text), STATUS_USAGE, "longer than the 2 bytes");
	close(fd);
	unlink(path);
	EXPECT_MESSAGE(spec_parse(&spec, text), STATUS_FAILED, "cannot open");
}

static void mistakes(void)
{
	static const struct {
		const char *text;
		const char *message;
	} bad[] = {
		{ "", "neither key=value nor a known device" },
		{ "nothing", "neither key=value nor a known device" },
		{ "id=4:2,nothing", "not key=value" },
		{ "id=4:2,color=red", "no key color" },
		{ "class=020000", "say what it is" },
		{ "id=12345:1", "four hexadecimal digits" },
		{ "id=1", "four hexadecimal digits" },
		{ "id=:1", "four hexadecimal digits" },
		{ "id=1:1", "wait for the function" },
		{ "id=ffff:1", "stands for an absent function" },
		{ "id=4:2,class=20000", "six hexadecimal digits" },
		{ "id=4:2,rev=100", "two hexadecimal digits" },
		{ "id=4:2,addr=20", "[BUS:]DEVICE[.FUNCTION]" },
		{ "id=4:2,addr=1.8", "[BUS:]DEVICE[.FUNCTION]" },
		{ "id=4:2,addr=100:1", "[BUS:]DEVICE[.FUNCTION]" },
		{ "id=4:2,addr=", "[BUS:]DEVICE[.FUNCTION]" },
		{ "id=4:2,name=a", "such as root-port" },
		{ "root-port,name=", "needs a name" },
		{ "root-port,name=a,name=b", "given twice" },
		{ "id=4:2,behind=a,addr=1:0", "leave the bus out" },
		{ "id=4:2,behind=a,addr=0:0.3", "leave the bus out" },
		{ "id=4:2,class=060401", "add bridge=on" },
		{ "root-port,pcie=flr", "not for bridges" },
		{ "root-port,count=2", "not for bridges" },
		{ "root-port,class=020000", "class 0604xx" },
		{ "root-port,subsys=1:2", "neither rom= nor subsys=" },
		{ "root-port,bar2=mem32/4K", "no bar2" },
		{ "root-port,bar1=mem64/4K", "only bar0" },
		{ "id=4:2,bridge=1", "on or off" },
		{ "id=4:2,count=0", "1 to 65535" },
		{ "id=4:2,count=65536", "1 to 65535" },
		{ "id=4:2,pm=yes", "on or off" },
		{ "id=4:2,bar0=mem16/4K", "not a kind of BAR" },
		{ "id=4:2,bar0=mem32", "write a size" },
		{ "id=4:2,bar0=mem32/", "write a size" },
		{ "id=4:2,bar0=mem32/48", "power of two" },
		{ "id=4:2,bar0=mem32/8", "power of two" },
		{ "id=4:2,bar0=mem32/4G", "power of two" },
		{ "id=4:2,bar0=mem64/2T", "power of two" },
		{ "id=4:2,bar0=io/64K", "power of two" },
		{ "id=4:2,bar0=io/0", "power of two" },
		{ "id=4:2,bar6=io/4", "no key bar6" },
		{ "id=4:2,bar5=mem64/4K", "bar5 cannot be a 64-bit BAR" },
		{ "id=4:2,bar1=io/4,bar0=mem64/4K", "upper half" },
		{ "id=4:2,regs=0@0+4", "no bar0" },
		{ "id=4:2,bar0=mem32/16,regs=0@16+1", "beyond the end" },
		{ "id=4:2,bar0=mem32/16,regs=0@8+16", "beyond the end" },
		{ "id=4:2,bar0=mem32/16,regs=0@0xffffffffffffffff+16", "beyond the end" },
		{ "id=4:2,bar0=mem32/16,regs=0@0+0", "from 1 byte" },
		{ "id=4:2,bar0=mem32/1G,regs=0@0+1G", "16 MiB" },
		{ "id=4:2,bar0=mem32/1G,regs=0@0+16M,regs=0@16M+1", "guest can write" },
		{ "id=4:2,bar0=mem32/16,regs=0+4", "BAR@OFFSET+LENGTH" },
		{ "id=4:2,bar0=mem32/16,regs=6@0+4", "BAR@OFFSET+LENGTH" },
		{ "id=4:2,bar0=mem32/16,regs=0+4@0", "BAR@OFFSET+LENGTH" },
		{ "id=4:2,bar0=mem32/16,regs=0@0+4/rw", "no option rw" },
		{ "id=4:2,bar0=mem32/16,regs=0@0+4/ro=1", "takes no value" },
		{ "id=4:2,bar0=mem32/16,regs=0@0+4/value", "takes a value" },
		{ "id=4:2,bar0=mem32/16,regs=0@0+4/value=1", "not a list of bytes" },
		{ "id=4:2,bar0=mem32/16,regs=0@0+1/value=0102", "longer than the 1 bytes" },
		{ "id=4:2,bar0=mem32/16,regs=0@0+1/ro/writable=01", "exclude each other" },
		{ "id=4:2,bar0=mem32/16,user=0@0+1/count", "no option count" },
		{ "id=4:2,bar0=mem32/16,regs=0@0+8,user=0@4+8", "overlap" },
		{ "id=4:2,bar0=mem32/16,doorbell=0@0+3", "1, 2, 4 or 8" },
		{ "id=4:2,bar0=mem32/16,doorbell=0@15+2", "beyond the end" },
		{ "id=4:2,bar0=mem32/16,doorbell=0@16+0", "beyond the end" },
		{ "id=4:2,bar0=io/16,doorbell=0@0+8", "at most 4 bytes" },
		{ "id=4:2,bar0=mem32/16,doorbell=0@0+1/data=256", "not a number of 1 bytes" },
		{ "id=4:2,bar0=mem32/16,doorbell=0@0+0/data=1", "not a number of 0 bytes" },
		{ "id=4:2,bar0=mem32/16,doorbell=0@0+1/fd=-1", "not a file descriptor" },
		{ "id=4:2,count=2,bar0=mem32/16,doorbell=0@0+1/fd=3", "exclude each other" },
		{ "id=4:2,cap=100", "up to 2 hexadecimal digits" },
		{ "id=4:2,cap=09/at=0x42", "multiple of 4" },
		{ "id=4:2,cap=09/at=0x20", "not a number from 64" },
		{ "id=4:2,ecap=b/version=16", "not a number from 1 to 15" },
		{ "id=4:2,cap=9/version=1", "no option version" },
		{ "id=4:2,cap=9/length=1", "not a number from 2" },
		{ "id=4:2,cap=9/length=3/value=0102", "longer than the 1 bytes" },
		{ "id=4:2,cap=5/length=10", "write msi=" },
		{ "id=4:2,cap=11/length=12", "write msix=" },
		{ "id=4:2,pcie=yes", "on, off or flr" },
		{ "id=4:2,intx=e", "pins a to d" },
		{ "id=4:2,intx=", "pins a to d" },
		{ "id=4:2,intx=ab", "pins a to d" },
		{ "id=4:2,msi=3", "power of two from 1 to 32" },
		{ "id=4:2,msi=64", "power of two from 1 to 32" },
		{ "id=4:2,msi=0", "power of two from 1 to 32" },
		{ "id=4:2,msi=1,msi=1", "given twice" },
		{ "id=4:2,msi=1/64bit=1", "takes no value" },
		{ "id=4:2,msi=1/at=0x42", "multiple of 4" },
		{ "id=4:2,msi=1/at=0x100", "not a number from 64 to 252" },
		{ "id=4:2,msi=1/length=10", "no option length" },
		{ "id=4:2,msix=0/table=0@0", "from 1 to 2048" },
		{ "id=4:2,msix=2049/table=0@0", "from 1 to 2048" },
		{ "id=4:2,msix=1", "say where the table is" },
		{ "id=4:2,msix=1/table", "takes a value" },
		{ "id=4:2,msix=1/table=0", "write BAR@OFFSET" },
		{ "id=4:2,msix=1/table=6@0", "write BAR@OFFSET" },
		{ "id=4:2,msix=1/table=0@4", "multiple of 8" },
		{ "id=4:2,msix=1/table=0@0/pba=0@20", "multiple of 8" },
		{ "id=4:2,msix=1/table=0@4G", "write BAR@OFFSET" },
		{ "id=4:2,bar0=mem64/8G,msix=1/table=0@0xfffffff8", "pba=" },
		{ "id=4:2,msix=1/table=0@0,msix=1/table=0@0", "given twice" },
		{ "id=4:2,msix=1/table=0@0", "no bar0" },
		{ "id=4:2,bar0=mem32/4K,msix=1/table=0@0/pba=1@0", "no bar1" },
		{ "id=4:2,bar0=io/256,msix=1/table=0@0", "no memory BAR" },
		{ "id=4:2,bar0=mem32/4K,bar1=io/16,msix=1/table=0@0/pba=1@0", "no memory BAR" },
		{ "id=4:2,bar0=mem32/4K,msix=257/table=0@0", "beyond the end" },
		{ "id=4:2,bar0=mem32/4K,msix=256/table=0@0", "beyond the end" },
		{ "id=4:2,bar0=mem32/4K,msix=8/table=0@0/pba=0@120", "overlap" },
		{ "id=4:2,bar0=mem32/4K,msix=8/table=0@128/pba=0@8,regs=0@15+1", "pending bits" },
		{ "id=4:2,bar0=mem32/4K,msix=8/table=0@0,user=0@127+1", "overlaps the table" },
		{ "id=4:2,bar0=mem32/4K,regs=0@0+4/lower", "add intx=" },
		{ "id=4:2,bar0=io/16,regs=0@0+8/mirror", "no memory BAR" },
		{ "id=4:2,bar0=mem32/4K,regs=0@4+8/mirror", "a multiple of 8" },
		{ "id=4:2,bar0=mem32/4K,user=0@0+8/mirror", "mirror" },
		{ "id=4:2,bar0=mem32/4K,regs=0@0+4/trigger=intx", "add intx=" },
		{ "id=4:2,bar0=mem32/4K,regs=0@0+4/trigger=msi:0", "add msi=" },
		{ "id=4:2,bar0=mem32/4K,regs=0@0+4/trigger=msix:0", "add msix=" },
		{ "id=4:2,bar0=io/16,msi=4,regs=0@0+4/trigger=msi:4", "vector 4 of msi, which" },
		{ "id=4:2,bar0=mem32/4K,regs=0@0+4/trigger=intx:1", "write intx" },
		{ "id=4:2,bar0=mem32/4K,regs=0@0+4/trigger=", "write intx" },
		{ "id=4:2,bar0=mem32/4K,regs=0@0+4/trigger=ms:0", "write intx" },
		{ "id=4:2,bar0=mem32/4K,regs=0@0+4/trigger=msi:", "write intx" },
		{ "id=4:2,bar0=mem32/4K,msi=1,regs=0@0+4/trigger=msi:65536", "write intx" },
		{ "id=4:2,bar0=io/16,regs=0@0+4/trigger=intx/lower,intx=a", "exclude each other" },
		{ "id=4:2,bar0=mem32/4K,user=0@0+4/lower,intx=a", "no option lower" },
		{ "id=4:2,bar0=mem32/4K,user=0@0+4/trigger=intx,intx=a", "no option trigger" },
		{ "id=4:2,rom=/nonexistent", "cannot open" },
		{ "id=4:2,rom=/", "not a regular file" },
	};
	struct device_spec spec;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		test_forget_message();
		if (!spec_parse(&spec, bad[i].text)) {
			test_failed(bad[i].text, 0, "is accepted");
			spec_free(&spec);
		} else if (!strstr(test_message(), bad[i].message)) {
			test_failed(bad[i].text, 0, test_message());
		}
	}
}

/* Whatever comes, there is an answer; the sanitizers look for anything else. */
static void nonsense(void)
{
	static const char *const words[] = {
		"id=4:2", "bar0=mem32/4K", "bar2=mem64/1M", "regs=0@0+4", "regs=", "user=2@0+16",
		"doorbell=0@0+4", "cap=9", "ecap=b", "/value=", "/writable=ff", "/w1c=01",
		"/ro", "/count", "/data=1", "/fd=1", "/at=0x40", "/length=8", "/version=1",
		",", ",,", "=", "/", "@", "+", "0", "ff", "pci-testdev", "count=2", "addr=1.0",
		"root-port", "name=a", "behind=a", "bridge=on",
		"9999999999999999999999", "0x", "\xff", "file=", "rom=",
		"intx=a", "msi=2", "msix=4/table=2@0", "/table=0@0", "/pba=2@0x800", "/mask",
		"/trigger=intx", "/trigger=msix:3", "/lower", ":1",
	};
	struct device_spec spec;
	unsigned int i, j, n;
	char text[512];

	for (i = 0; i < 20000; i++) {
		text[0] = '\0';
		n = test_random() % 12;
		for (j = 0; j < n; j++)
			strcat(text, words[test_random() % ARRAY_SIZE(words)]);
		if (!spec_parse(&spec, text))
			spec_free(&spec);
	}
}

const struct test spec_tests[] = {
	{ "identity", identity },
	{ "defaults", defaults },
	{ "bars", bars },
	{ "registers", registers },
	{ "doorbells", doorbells },
	{ "capabilities", capabilities },
	{ "message_interrupts", message_interrupts },
	{ "triggers", triggers },
	{ "bridges", bridges },
	{ "presets", presets },
	{ "files", files },
	{ "mistakes", mistakes },
	{ "nonsense", nonsense },
	{ NULL, NULL },
};
