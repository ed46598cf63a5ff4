// SPDX-License-Identifier: GPL-2.0
/*
 * The thread of a host bridge that does what it has deferred.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "worker.h"

/* Of the only bridge of a process; 0 if there is none. */
pid_t worker_of(pid_t owner)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	char wanted[32];
	pid_t found = 0;

	if (!dir)
		die("/proc: %m");
	snprintf(wanted, sizeof(wanted), "kvpci-%d\n", owner);
	while ((entry = readdir(dir))) {
		char path[300], name[32] = "";
		FILE *file;

		if (!isdigit(entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strcmp(name, wanted)) {
			if (found)
				die("several workers of %d", owner);
			found = atoi(entry->d_name);
		}
		fclose(file);
	}
	closedir(dir);
	return found;
}
