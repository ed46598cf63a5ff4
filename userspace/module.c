// SPDX-License-Identifier: GPL-2.0
/* Loads the kernel module, with what it depends on, as modprobe does: through libkmod. */
#include <errno.h>
#include <libkmod.h>
#include <stddef.h>
#include <string.h>

#include "module.h"
#include "report.h"

#define MODULE_NAME	"kvpci"

static int explain(int error, const char *path)
{
	switch (error) {
	case ENOENT:
		if (path)
			return fail("there is no module file %s, build it with make", path);
		return fail("the module " MODULE_NAME " is not installed for this kernel: run make modules_install, or name its file with --module");
	case EPERM:
	case EACCES:
		return fail("loading the module " MODULE_NAME " needs root: run as root, or modprobe "
			    MODULE_NAME " before");
	case ENOEXEC:
		return fail("the module " MODULE_NAME " is built for another kernel, build it for this one");
	default:
		return fail("cannot load the module " MODULE_NAME " (%s), look for the reason in the kernel log",
			    strerror(error));
	}
}

/* Both return a negative error number. */
static int insert_file(struct kmod_ctx *ctx, const char *path)
{
	struct kmod_module *module;
	int error;

	error = kmod_module_new_from_path(ctx, path, &module);
	if (error)
		return error;
	error = kmod_module_insert_module(module, 0, NULL);
	kmod_module_unref(module);
	return error;
}

static int insert_installed(struct kmod_ctx *ctx)
{
	struct kmod_list *list = NULL;
	struct kmod_list *entry;
	int error;

	error = kmod_module_new_from_lookup(ctx, MODULE_NAME, &list);
	if (error)
		return error;
	error = -ENOENT;
	kmod_list_foreach(entry, list) {
		struct kmod_module *module = kmod_module_get_module(entry);

		error = kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST,
							NULL, NULL, NULL, NULL);
		kmod_module_unref(module);
		if (error)
			break;
	}
	kmod_module_unref_list(list);
	return error < 0 ? error : 0;
}

int module_load(const char *path)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	int error;

	if (!ctx)
		return fail("not enough memory to load the module " MODULE_NAME);
	/* What goes wrong is told by us, in one line. */
	kmod_set_log_priority(ctx, -1);
	error = path ? insert_file(ctx, path) : insert_installed(ctx);
	kmod_unref(ctx);
	/* Somebody else may have loaded it in the meantime. */
	if (error && error != -EEXIST)
		return explain(-error, path);
	return STATUS_OK;
}
