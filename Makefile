# SPDX-License-Identifier: GPL-2.0
#
# kvpci: PCI for KVM guests, emulated in the kernel. "make help" says what can be
# made. The module's own files are listed in kmod/Kbuild.

# The kernel to build the module for: one's own, or KDIR=/path/to/its/build.
KDIR ?= /lib/modules/$(shell uname -r)/build
# The kernel that "make check" tests on: 6.1, 6.12, rt or debug; or HOST=intel.
KERNEL ?= 6.1
HOST ?= amd

prefix ?= /usr/local

all: modules kvpci-run

modules: | $(KDIR)
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

kvpci-run:
	$(MAKE) -C userspace all

modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

install: kvpci-run
	$(MAKE) -C userspace install prefix=$(prefix)

$(KDIR):
	@echo "There is no $(KDIR): install linux-headers-$(shell uname -r)," >&2
	@echo "or say KDIR=/path/to/kernel/build." >&2
	@exit 1

demo:
	@scripts/demo $(KERNEL)

check:
	@scripts/check $(if $(filter intel,$(HOST)),intel,$(KERNEL))

check-debug:
	@scripts/check debug

check-all:
	@scripts/check all

# How often each part is run, and which parts, by a pattern of their names.
N ?= 10
PARTS ?= 6.1*

soak:
	@scripts/check --soak $(N) --part '$(PARTS)' $(if $(TESTS),--test '$(TESTS)') all

mutants:
	@scripts/mutants

# How many states the fuzzers try, and which.
RECORDS ?= 10000000
SEED ?= 1

fuzz:
	@SEED=$(SEED) scripts/fuzz $(RECORDS)

lint:
	@scripts/lint

model:
	@scripts/model

bench:
	@bench/run --host $(HOST) $(KERNEL)

bench-operations:
	@bench/run --operations --host $(HOST) $(KERNEL)

# What Kbuild leaves behind is known to it, but it needs a kernel to say so.
clean:
	$(MAKE) -C userspace clean
	find kmod \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' \
		-o -name '.*.cmd' -o -name '*.symvers' -o -name modules.order \) -delete
	rm -f *.o *.mod *.mod.c .*.cmd Module.symvers modules.order
	rm -rf .tmp_versions
	rm -rf build/bench build/check build/mutants build/demo build/fuzz build/guest build/hostvm build/lint \
		build/model build/selftests build/6.1 build/6.12 build/rt \
		build/debug build/soak

distclean: clean
	rm -rf build

help:
	@echo  'Building, on the machine that is to use it:'
	@echo  '  all             - the module and the launcher (default)'
	@echo  '  modules         - kmod/kvpci.ko, for the running kernel or KDIR=<path>'
	@echo  '  modules_install - install the module (INSTALL_MOD_PATH=<root>)'
	@echo  '  kvpci-run       - userspace/kvpci-run, the launcher, kvpci-ctl, kvpci-dump, libkvpci'
	@echo  '  install         - install them, their man pages and headers'
	@echo  '                    (prefix=<path>, DESTDIR=<root>)'
	@echo  ''
	@echo  'Seeing it work, on any Debian 12: packages that are missing are installed,'
	@echo  'kernels are fetched under build/, and the module is only ever loaded in a'
	@echo  'disposable virtual machine, see Documentation/testing.rst:'
	@echo  '  demo            - boot a Linux guest on a PCI bus that lives in the kernel'
	@echo  '  check           - run all tests on KERNEL=6.1 (default) or KERNEL=6.12, or'
	@echo  '                    those of the module on KERNEL=rt, which has PREEMPT_RT, or on'
	@echo  '                    HOST=intel'
	@echo  '  check-debug     - those of the module on a kernel with KASAN, lockdep and the'
	@echo  '                    like, which is built first, in some 5 to 10 minutes'
	@echo  '  check-all       - each test with each combination of what it depends on: hours'
	@echo  '  soak            - run PARTS=<pattern> and TESTS=<pattern> over and over, N=<times>,'
	@echo  '                    and print how often each failed'
	@echo  '  mutants         - plant faults, one at a time: is each noticed by a test?'
	@echo  '  fuzz            - try RECORDS=<number> states that are not quite right, 10 million in'
	@echo  '                    some half an hour; others with SEED=<number>'
	@echo  '  bench           - what PCI costs, against QEMU and KVM: host instructions'
	@echo  '  bench-operations - only the first tables, which take some minutes; all that'
	@echo  '                    there is with HOST=intel'
	@echo  '  lint            - checkpatch, sparse, W=1, layers, kernel-doc, shellcheck, mandoc,'
	@echo  '                    and that the planted faults still fit'
	@echo  '  model           - check with spin, in models, that no interrupt is lost'
	@echo  '                    or invented, see Documentation/interrupts.rst'
	@echo  ''
	@echo  'Cleaning:'
	@echo  '  clean           - remove what was built'
	@echo  '  distclean       - remove the kernels too, fetched and built: all of build/'

.PHONY: all modules kvpci-run modules_install install demo check check-debug check-all \
	soak mutants fuzz lint model bench bench-operations clean distclean help
