# SPDX-License-Identifier: GPL-2.0
#
# report.awk: from what bench/iommu/inside printed, a table for people and, to the file named by
# -v json=, a member for the results. Takes lines of words:
#
#	iommu SYSTEM DEVICE map NUMBER	a result; the median counts if there are several
#	iommu end			it is complete

BEGIN {
	systems = split("kvpci q35", system_of)
	title["kvpci"] = "kvpci"
	title["q35"] = "QEMU q35"
	compare("virtio", "map and unmap, network device: instructions", "virtio-map", 1)
	compare("vfio", "map and unmap, nvme: instructions", "vfio-map", 1)
}

$1 == "iommu" && $2 == "end" { complete = 1 }

$1 == "iommu" && NF == 5 { keep($2 "," $3, $5) }

END {
	if (!complete) {
		print "bench: the guests with an IOMMU were cut short; there is no report"
		exit 1
	}
	heading("Behind a virtual IOMMU: a page for a program's device")
	exit print_compared("iommu", "kvpci") > 0
}
