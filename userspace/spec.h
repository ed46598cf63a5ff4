/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PCI function as --device describes it. The grammar is in kvpci-run(1).
 *
 * A description is data: it says what the function is and what lies behind its BARs,
 * for any number of functions alike.
 */
#ifndef SPEC_H
#define SPEC_H

#include <linux/kvpci.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "file.h"

/* The class of what is not said to be of any. */
#define CLASS_UNDEFINED	0xff0000

/* Who keeps the registers of a region. */
enum spec_keeper {
	KEEPER_KERNEL,
	KEEPER_LAUNCHER,
};

/* Bytes, and which of their bits the guest may write or clear. All have @length bytes. */
struct spec_bytes {
	size_t length;
	__u8 *value;
	__u8 *writable;
	__u8 *write1clear;
};

struct spec_region {
	enum spec_keeper keeper;
	unsigned int bar;
	__u64 offset;
	bool count;		/* count the guest's writes */
	__u16 trigger;		/* enum kvpci_interrupt that they trigger; 0: none */
	__u16 vector;
	bool lower;		/* they lower the INTx pin */
	bool mirror;		/* the guest reads them without an exit, if it can */
	struct spec_bytes bytes;
};

struct spec_doorbell {
	unsigned int bar;
	__u64 offset;
	unsigned int length;
	bool has_data;
	__u64 data;
	int fd;			/* an eventfd that we inherited, or -1: make one */
};

/* MSI and MSI-X are made by the kernel: there is one of each, in the device_spec. */
struct spec_capability {
	__u32 flags;		/* KVPCI_CAP_* */
	__u16 id;
	__u8 version;
	__u16 offset;		/* 0: anywhere */
	struct spec_bytes bytes;	/* with the header; none with MSI and MSI-X */
};

struct device_model;
struct guest_memory;

struct device_spec {
	const char *name;	/* the preset's, or "device" */
	const struct device_model *model;	/* NULL: nothing but registers */
	void *model_data;	/* what that has of this description */
	bool iommu;		/* it is the virtual IOMMU */
	bool translated;	/* behind the virtual IOMMU, as may be what is behind such a port */
	bool shares_memory;	/* another process serves it, which maps the guest's memory */
	bool watches_vectors;	/* for KVM to be handed them, or the host to allocate its own */
	__u16 vendor;
	__u16 device;
	__u16 subsystem_vendor;
	__u16 subsystem;
	__u8 revision;
	__u32 class_code;
	char *label;		/* what behind= of others calls it; NULL: nothing */
	char *behind;		/* the label of the bridge that it is behind; NULL: none */
	bool bridge;		/* it is a root port */
	bool has_address;
	bool has_bus;		/* and that names a bus */
	__u8 bus;
	__u8 devfn;
	unsigned int count;
	bool pm;		/* has a power-management capability */
	bool pcie;		/* has a PCI Express capability */
	bool flr;		/* and it announces function-level reset */
	__u8 interrupt_pin;	/* 1 to 4 for INTA to INTD; 0: none */
	struct kvpci_msi msi;	/* 0 vectors: none */
	struct kvpci_msix msix;	/* likewise */
	struct kvpci_bar bars[KVPCI_NUM_BARS];
	__u64 rom_size;
	struct spec_region *regions;
	size_t nr_regions;
	struct spec_doorbell *doorbells;
	size_t nr_doorbells;
	struct spec_capability *capabilities;
	size_t nr_capabilities;
};

/* An entry of the MSI-X table. */
#define MSIX_ENTRY_SIZE	16

/* The most functions that one bridge can have. */
#define SPEC_MAX_COUNT	65535

/* Parse the argument of --device. On failure there is nothing to free. */
int spec_parse(struct device_spec *spec, const char *text);

/*
 * It is going to be used: have the model complete it. Until then it has no effect, and after that
 * it is for one function.
 */
int spec_open(struct device_spec *spec, const struct guest_memory *memory);

/* Add to a description, as if @text had been part of it. */
int spec_add(struct device_spec *spec, const char *text);

/*
 * What a model that completes a description adds to it: a capability like @what, with @length bytes
 * of contents, all zero, that are put into @bytes; and the expansion ROM's contents.
 */
int spec_add_capability(struct device_spec *spec, const struct spec_capability *what, size_t length,
			struct spec_bytes **bytes);
int spec_set_rom(struct device_spec *spec, const void *data, size_t length);

bool spec_has_bars(const struct device_spec *spec);

/* Can it be told to read or write the guest's memory? */
bool spec_reaches_memory(const struct device_spec *spec);

/*
 * Would Linux take it to be behind the IOMMU, as all that is on the bus of @port, and it is not?
 * VIOT, which says so, is of before there is anything on that bus.
 */
bool spec_evades_iommu(const struct device_spec *spec, const struct device_spec *port);

void spec_free(struct device_spec *spec);

#endif /* SPEC_H */
