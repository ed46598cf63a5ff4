// SPDX-License-Identifier: GPL-2.0
/*
 * Where in the host bridge's windows each BAR goes.
 *
 * A BAR is as aligned as it is large. So they are placed from the largest to the
 * smallest: where one ends, any later one may start. Only the start of a window may be
 * less aligned than what is placed there; the gap that this leaves is for smaller ones.
 */
#include <stdlib.h>

#include "place.h"

enum place_window place_window_of(__u32 flags)
{
	if (flags & KVPCI_BAR_IO)
		return PLACE_IO;
	return flags & KVPCI_BAR_64BIT ? PLACE_MEM64 : PLACE_MEM32;
}

/* Largest first; equal ones in the order in which the user gave them. */
static int compare(const void *a, const void *b)
{
	const struct place *const *first = a;
	const struct place *const *second = b;

	if ((*first)->size != (*second)->size)
		return (*first)->size < (*second)->size ? 1 : -1;
	return *first < *second ? -1 : 1;
}

/* Free addresses, up to but not including @end. */
struct gap {
	__u64 start;
	__u64 end;
};

/*
 * The gaps of a window. Only the lowest one can start at an address that is less
 * aligned than all BARs so far, so there is at most one more for each size of BARs.
 */
#define MAX_GAPS	65

struct gaps {
	struct gap gap[MAX_GAPS];
	unsigned int n;
};

static bool place_one(struct place *place, struct gaps *gaps)
{
	unsigned int i;

	for (i = 0; i < gaps->n; i++) {
		struct gap *gap = &gaps->gap[i];
		__u64 address = (gap->start + place->size - 1) & ~(place->size - 1);

		if (address < gap->start || address > gap->end ||
		    place->size > gap->end - address)
			continue;
		if (address > gap->start && gaps->n < MAX_GAPS)
			gaps->gap[gaps->n++] = (struct gap){ gap->start, address };
		gap->start = address + place->size;
		place->address = address;
		return true;
	}
	return false;
}

static bool place_sorted(struct place **sorted, size_t n, const struct kvpci_window *windows,
			 struct place **unplaced)
{
	struct gaps gaps[NR_PLACE_WINDOWS];
	size_t i;

	for (i = 0; i < NR_PLACE_WINDOWS; i++)
		gaps[i] = (struct gaps){
			.gap[0] = { windows[i].base, windows[i].base + windows[i].length },
			.n = 1,
		};
	for (i = 0; i < n; i++) {
		struct place *place = sorted[i];

		if (place_one(place, &gaps[place->window]))
			continue;
		if (place->window != PLACE_MEM64 ||
		    !place_one(place, &gaps[PLACE_MEM32])) {
			*unplaced = place;
			return false;
		}
		place->window = PLACE_MEM32;
	}
	return true;
}

bool place_all(struct place *places, size_t n, const struct kvpci_window *windows,
	       size_t *unplaced)
{
	struct place **sorted = calloc(n ? n : 1, sizeof(*sorted));
	struct place *first;
	bool placed;
	size_t i;

	*unplaced = 0;
	if (!sorted)
		return false;
	for (i = 0; i < n; i++)
		sorted[i] = &places[i];
	qsort(sorted, n, sizeof(*sorted), compare);
	placed = place_sorted(sorted, n, windows, &first);
	if (!placed)
		*unplaced = first - places;
	free(sorted);
	return placed;
}
