/* SPDX-License-Identifier: GPL-2.0 */
/* Devices that --device knows by name. */
#ifndef PRESET_H
#define PRESET_H

struct device_model;

struct preset {
	const char *name;
	const char *summary;	/* for --help */
	const char *description;	/* what it stands for */
	const struct device_model *model;	/* NULL: nothing but registers */
};

extern const struct preset presets[];	/* ends with an entry without a name */

#endif /* PRESET_H */
