// SPDX-License-Identifier: GPL-2.0
/*
 * Have a guest's kernel start another one, at once, whatever its devices are doing:
 *
 *	kexec KERNEL INITRD COMMAND-LINE	load it
 *	kexec					start it
 *
 * That is what kexec(8) does with two system calls. Its package would have the machine that it is
 * installed on reboot in that way.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(const char *kernel_path, const char *initrd_path, const char *command_line)
{
	int kernel = open(kernel_path, O_RDONLY);
	int initrd = open(initrd_path, O_RDONLY);

	if (kernel >= 0 && initrd >= 0 &&
	    !syscall(SYS_kexec_file_load, kernel, initrd, strlen(command_line) + 1, command_line,
		     0UL))
		return 0;
	perror("kexec: load");
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 4)
		return load(argv[1], argv[2], argv[3]);
	if (argc != 1) {
		fprintf(stderr, "usage: kexec [KERNEL INITRD COMMAND-LINE]\n");
		return 2;
	}
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	perror("kexec: reboot");
	return 1;
}
