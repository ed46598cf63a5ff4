// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that --device knows by name: each is a description as the user could have
 * written it. A device that does more than keep registers names its model.
 */
#include <stddef.h>

#include "preset.h"
#include "testdev.h"
#include "vfio/assigned.h"
#include "virtio/blk.h"
#include "virtio/fs.h"
#include "virtio/viommu.h"
#include "virtio/net.h"
#include "virtio/scsi.h"
#include "virtio/vdpa.h"
#include "virtio/vsock.h"

const struct preset presets[] = {
	{
		.name = "pci-testdev",
		.summary = "the test device of QEMU and kvm-unit-tests",
		.description = "id=1b36:0005,class=ff0000,subsys=1af4:1100,bar0=mem32/4K,user=0@0+4K,bar1=io/256,user=1@0+256",
		.model = &testdev_model,
	},
	{
		.name = "root-port",
		.summary = "a PCI Express root port, for devices to be behind",
		.description = "id=1b36:000c,class=060400,bridge=on,intx=a,msi=1",
	},
	{
		.name = "virtio-blk",
		.summary = "a disk, as of --disk: file=FILE or vhost-user=SOCKET",
		.description = "id=1af4:1042,class=010000,rev=01,subsys=1af4:1100,intx=a,pcie=flr",
		.model = &blk_type.model,
	},
	{
		.name = "virtio-net",
		.summary = "a network device, as of --net: tap=NAME or vhost-user=SOCKET",
		.description = "id=1af4:1041,class=020000,rev=01,subsys=1af4:1100,intx=a,pcie=flr",
		.model = &net_type.model,
	},
	{
		.name = "virtio-vsock",
		.summary = "sockets between guest and host, as of --vsock: cid=CID",
		.description = "id=1af4:1053,class=078000,rev=01,subsys=1af4:1100,intx=a,pcie=flr",
		.model = &vsock_type.model,
	},
	{
		.name = "virtio-fs",
		.summary = "a directory, as of --share: dir=DIR or vhost-user=SOCKET, and tag=TAG",
		.description = "id=1af4:105a,class=018000,rev=01,subsys=1af4:1100,intx=a,pcie=flr",
		.model = &fs_type.model,
	},
	{
		.name = "virtio-scsi",
		.summary = "SCSI disks of the host's target, as of --scsi: wwpn=WWPN",
		.description = "id=1af4:1048,class=010000,rev=01,subsys=1af4:1100,intx=a,pcie=flr",
		.model = &scsi_type.model,
	},
	{
		.name = "virtio-vdpa",
		.summary = "what the host's vDPA offers, as of --vdpa: path=PATH",
		.description = "id=1af4:1040,rev=01,subsys=1af4:1100,intx=a,pcie=flr",
		.model = &vdpa_type.model,
	},
	{
		.name = "virtio-iommu",
		.summary = "an IOMMU, as of --iommu, for devices with iommu=on to be behind",
		.description = "id=1af4:1057,class=080600,rev=01,subsys=1af4:1100,intx=a,pcie=flr",
		.model = &iommu_type.model,
	},
	{
		.name = "vfio",
		.summary = "a device of the host's, as of --vfio: path=DEVICE",
		.description = "pm=off,pcie=off",
		.model = &vfio_model,
	},
	{ .name = NULL },
};
