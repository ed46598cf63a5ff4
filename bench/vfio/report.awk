# SPDX-License-Identifier: GPL-2.0
#
# report.awk: from what bench/vfio/inside printed, a table for people and, to the file named by
# -v json=, a member for the results. Takes lines of words:
#
#	vfio SYSTEM OPERATION WHAT NUMBER	a result; the median counts if there are several
#	vfio end				it is complete

BEGIN {
	systems = split("kvpci mirror q35", system_of)
	title["kvpci"] = "kvpci"
	title["mirror"] = "with mirrors"
	title["q35"] = "QEMU q35"
	compare("config-read-cf8,ticks", "config read, 0xcf8/0xcfc: instructions",
		"config-read-cf8", 0.5)
	compare("config-write-cf8,ticks", "config write, 0xcf8/0xcfc: instructions",
		"config-write-cf8", 0.5)
	compare("config-read-ecam,ticks", "config read, ECAM: instructions", "config-read-ecam",
		0.5)
	compare("config-write-ecam,ticks", "config write, ECAM: instructions",
		"config-write-ecam", 0.5)
	compare("table-bar-size-cf8,ticks", "BAR size probe, 0xcf8/0xcfc: instructions",
		"bar-size-cf8", 0.5)
	compare("table-bar-move-cf8,ticks", "BAR move, 0xcf8/0xcfc: instructions", "bar-move-cf8",
		0.5)
	compare("msix-mask,ticks", "vector mask, flush read: instructions", "msix-mask", 0.5)
	compare("msix-rewrite,ticks", "message rewrite: instructions", "msix-rewrite", 0.5)
	compare("msix-function-mask,ticks", "function mask set and cleared: instructions",
		"msix-function-mask", 0.5)
	compare("msix-pba-read,ticks", "pending bits read: instructions", "msix-pba-read", 1)
	compare("msix-table-read,ticks", "MSI-X table read: instructions", "msix-table-read", 1)
	compare("read,instructions", "4 KiB read from nvme: instructions", "read-instructions", 1)
	compare("read,exits", "exits", "read-exits", 1)
}

$1 == "vfio" && $2 == "end" { complete = 1 }
$1 == "vfio" && NF == 5 { keep($2 "," $3 "," $4, $5) }

END {
	if (!complete) {
		print "bench: the guests with devices of the host were cut short; there is no report"
		exit 1
	}
	heading("Devices of the host: an nvme controller")
	exit print_compared("vfio", "mirror") > 0
}
