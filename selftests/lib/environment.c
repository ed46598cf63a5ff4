// SPDX-License-Identifier: GPL-2.0
/*
 * What the environment says about the machine and this run, for all tests.
 */
#include <stdlib.h>
#include <string.h>

#include "environment.h"

/**
 * patience() - for how long to wait for what has to come, in seconds
 *
 * With less in KVPCI_TEST_PATIENCE what does not work is noticed sooner.
 */
int patience(void)
{
	const char *seconds = getenv("KVPCI_TEST_PATIENCE");

	return seconds ? atoi(seconds) : 60;
}

/**
 * scaled() - how often to do something
 * @times: how often on a kernel that is not slow
 *
 * KVPCI_TEST_SCALE says how slow this one is.
 */
unsigned long scaled(unsigned long times)
{
	const char *scale = getenv("KVPCI_TEST_SCALE");
	unsigned long divisor = scale ? strtoul(scale, NULL, 10) : 1;

	return divisor > 1 ? times / divisor + 1 : times;
}

/**
 * mirrors_wanted() - do bridges and registers have mirrors, unless a test decides?
 *
 * KVPCI_TEST_MIRROR=off leaves them out.
 */
bool mirrors_wanted(void)
{
	const char *mode = getenv("KVPCI_TEST_MIRROR");

	return !mode || strcmp(mode, "off");
}
