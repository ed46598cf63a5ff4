// SPDX-License-Identifier: GPL-2.0
/*
 * Files with an inode of their own, from a file system that nobody can mount.
 *
 * All anonymous inodes are one, and so is what is mapped of them: taking a page out of
 * every mapping of a file, as mirrors need, would do that to other drivers' files too.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "ioctl/inode.h"

#define MAGIC	0x6b767063

static int init_fs_context(struct fs_context *fc)
{
	if (!init_pseudo(fc, MAGIC))
		return -ENOMEM;

	/* What is mapped is a guest's to write, and nothing to run. */
	fc->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	return 0;
}

static struct file_system_type inode_fs = {
	.name = "kvpci",
	.owner = THIS_MODULE,
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

/* Mounted while there are files. The file system's lock guards both. */
static struct vfsmount *inode_mount;
static int inode_count;

/**
 * kvpci_inode_open() - make a file
 * @name: what it is called in /proc
 * @fops: its operations, whose release callback calls kvpci_inode_release()
 * @private_data: for them
 *
 * Context: process; an ioctl on a file of this module.
 * Return: the file, open for reading and writing, or an ERR_PTR
 */
struct file *kvpci_inode_open(const char *name, const struct file_operations *fops,
			      void *private_data)
{
	struct inode *inode;
	struct file *file;
	int ret;

	ret = simple_pin_fs(&inode_fs, &inode_mount, &inode_count);
	if (ret)
		return ERR_PTR(ret);

	inode = alloc_anon_inode(inode_mount->mnt_sb);
	if (IS_ERR(inode)) {
		file = ERR_CAST(inode);
		goto err_release;
	}
	file = alloc_file_pseudo(inode, inode_mount, name, O_RDWR, fops);
	if (IS_ERR(file)) {
		iput(inode);
		goto err_release;
	}

	/* Closing the file lets go of it. */
	__module_get(fops->owner);
	file->private_data = private_data;
	return file;

err_release:
	kvpci_inode_release();
	return file;
}

/**
 * kvpci_inode_release() - a file made by kvpci_inode_open() is being closed
 */
void kvpci_inode_release(void)
{
	simple_release_fs(&inode_mount, &inode_count);
}
