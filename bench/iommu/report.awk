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
	rows = split("virtio vfio", device_of)
	text_of["virtio"] = "map and unmap, network device: instructions"
	text_of["vfio"] = "map and unmap, nvme: instructions"
}

$1 == "iommu" && $2 == "end" { complete = 1 }

$1 == "iommu" && NF == 5 { keep($2 "," $3, $5) }

function result(name, i)
{
	return median(name "," device_of[i])
}

END {
	if (!complete) {
		print "bench: the guests with an IOMMU were cut short; there is no report"
		exit 1
	}
	heading("Behind a virtual IOMMU: a page for a program's device")
	for (i = 1; i <= rows; i++) {
		print_text(text_of[device_of[i]])
		for (j = 1; j <= systems; j++) {
			missing += result(system_of[j], i) == ""
			printf " %14s", with_commas(result(system_of[j], i))
		}
		goal = result("q35", i)
		printf "%s\n", met_or_missed(with_commas(goal), result("kvpci", i) + 0 <= goal + 0)
	}
	printf "  \"iommu\": {" >json
	for (j = 1; j <= systems; j++) {
		printf "%s\n    \"%s\": {", j == 1 ? "" : ",", system_of[j] >json
		for (i = 1; i <= rows; i++)
			printf "%s \"%s-map\": %s", i == 1 ? "" : ",", device_of[i],
				or_null(result(system_of[j], i)) >json
		printf " }" >json
	}
	printf "\n  }\n" >json
	exit missing > 0
}
