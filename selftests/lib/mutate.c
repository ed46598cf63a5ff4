// SPDX-License-Identifier: GPL-2.0
/*
 * States that are not quite right, for fuzzers: each is one that a function has given, or one that
 * has come of that, with a few changes. Most of these keep the sequence of records whole, so that
 * it is not always the first check that refuses it, and many change only bits that are known to
 * be free, so that some are taken.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/kvpci.h>
#include <linux/pci_regs.h>

#include "die.h"
#include "mutate.h"

#define MAX_RECORDS	32
#define HEADER		sizeof(struct kvpci_state_record)
#define MAX_STEPS	4

__u64 mutator_random(void *arg)
{
	struct mutator *m = arg;
	__u64 z = m->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static __u64 below(struct mutator *m, __u64 n)
{
	return n ? mutator_random(m) % n : 0;
}

/* A value that is likely to be at the edge of something. */
static __u64 edge(struct mutator *m)
{
	const __u64 bit = 1ULL << below(m, 64);

	switch (below(m, 6)) {
	case 0:
		return below(m, 16);
	case 1:
		return bit;
	case 2:
		return bit - 1;
	case 3:
		return -bit;
	case 4:
		return ~0ULL;
	default:
		return mutator_random(m);
	}
}

/**
 * struct sequence - the records of a state, as far as they are whole
 * @nr: how many
 * @at: where each begins, and where the last one ends
 */
struct sequence {
	unsigned int nr;
	size_t at[MAX_RECORDS + 1];
};

static struct sequence sequence_of(const void *data, size_t length)
{
	struct sequence s = {};

	while (s.nr < MAX_RECORDS && length - s.at[s.nr] >= HEADER) {
		struct kvpci_state_record record;
		size_t left = length - s.at[s.nr] - HEADER;

		memcpy(&record, data + s.at[s.nr], HEADER);
		if (record.length > left || (record.length + 7) / 8 * 8 > left)
			break;
		s.at[s.nr + 1] = s.at[s.nr] + HEADER + (record.length + 7) / 8 * 8;
		s.nr++;
	}
	return s;
}

struct mutator *mutator_new(__u64 seed, const struct state *good)
{
	struct mutator *m = calloc(1, sizeof(*m));

	if (!m)
		die("out of memory");
	m->random = seed;
	m->good = state_copy(good);
	m->free = calloc(1, good->length);
	if (!m->free)
		die("out of memory");
	return m;
}

void mutator_free(struct mutator *m)
{
	state_free(&m->good);
	free(m->free);
	free(m);
}

/* The function has taken that: the bits in which it differs are free, if there are few. */
void mutator_learn(struct mutator *m, const void *taken, size_t length)
{
	const __u8 *good = m->good.data, *bytes = taken;
	size_t i;

	if (length != m->good.length)
		return;
	for (i = 0; i < length; i++)
		m->free[i] |= good[i] ^ bytes[i];
}

/* Any byte of any record's contents, but of configuration space mostly of what it has. */
static size_t any_place(struct mutator *m, const struct sequence *s, const void *data)
{
	struct kvpci_state_record record;
	unsigned int i = below(m, s->nr);
	size_t length = s->at[i + 1] - s->at[i] - HEADER;

	memcpy(&record, data + s->at[i], HEADER);
	if (record.type == KVPCI_STATE_CONFIG && below(m, 8)) {
		if (below(m, 2))
			length = length < 0xc0 ? length : 0xc0;
		else
			length = length < PCI_STD_HEADER_SIZEOF ? length : PCI_STD_HEADER_SIZEOF;
	}
	return s->at[i] + HEADER + below(m, length);
}

/* Change bits that are free, somewhere. */
static void change_free(struct mutator *m, __u8 *data, size_t length)
{
	unsigned int tries;

	for (tries = 0; tries < 256; tries++) {
		const struct sequence s = sequence_of(m->good.data, m->good.length);
		size_t at = any_place(m, &s, m->good.data);
		__u8 free;

		if (at >= length || at >= m->good.length)
			continue;
		free = m->free[at];
		if (!free)
			continue;
		data[at] ^= free & (below(m, 2) ? mutator_random(m) : 1U << below(m, 8));
		return;
	}
}

static void change_any(struct mutator *m, const struct sequence *s, __u8 *data, size_t length)
{
	size_t at = any_place(m, s, data);

	if (at < length)
		data[at] ^= below(m, 2) ? 1U << below(m, 8) : mutator_random(m);
}

static void change_value(struct mutator *m, const struct sequence *s, __u8 *data, size_t length)
{
	unsigned int size = 1U << below(m, 4);
	size_t at = any_place(m, s, data) & ~(size_t)(size - 1);
	__u64 value = edge(m);

	if (at + size <= length)
		memcpy(data + at, &value, size);
}

static void change_header(struct mutator *m, const struct sequence *s, __u8 *data)
{
	struct kvpci_state_record record;
	__u8 *at = data + s->at[below(m, s->nr)];
	__u64 value = below(m, 2) ? edge(m) : below(m, 16);

	memcpy(&record, at, HEADER);
	switch (below(m, 6)) {
	case 0:
		record.type = value;
		break;
	case 1:
		record.version = value;
		break;
	case 2:
		record.bar = value;
		break;
	case 3:
		record.pad = value;
		break;
	case 4:
		record.offset = value;
		break;
	default:
		record.length = below(m, 2) ? value : record.length + below(m, 17) - 8;
	}
	memcpy(at, &record, HEADER);
}

static size_t change_length(struct mutator *m, void *data, size_t length, size_t room)
{
	size_t new;

	switch (below(m, 3)) {
	case 0:
		return below(m, length);
	case 1:
		new = length - below(m, 40);
		return new < length ? new : 0;
	default:
		new = length + below(m, 80);
		if (new > room)
			return length;
		memset(data + length, below(m, 2) ? 0 : 0xff, new - length);
		return new;
	}
}

/* Take a record out, or put one of @from, which may be @data itself, before another. */
static size_t move_records(struct mutator *m, const struct sequence *s, __u8 *data, size_t length,
			   size_t room, const void *from, size_t from_length)
{
	const struct sequence donor = sequence_of(from, from_length);
	unsigned int i = below(m, s->nr), j;
	size_t size = s->at[i + 1] - s->at[i];
	void *copy;

	if (!below(m, 3) || !donor.nr) {
		memmove(data + s->at[i], data + s->at[i + 1], length - s->at[i + 1]);
		return length - size;
	}

	j = below(m, donor.nr);
	size = donor.at[j + 1] - donor.at[j];
	if (size > room - length)
		return length;
	copy = malloc(size);
	if (!copy)
		die("out of memory");
	memcpy(copy, from + donor.at[j], size);
	memmove(data + s->at[i] + size, data + s->at[i], length - s->at[i]);
	memcpy(data + s->at[i], copy, size);
	free(copy);
	return length + size;
}

/* Have a record be as the function has given it, if it is in its place. */
static void mend_record(struct mutator *m, __u8 *data, size_t length)
{
	const struct sequence good = sequence_of(m->good.data, m->good.length);
	unsigned int i = below(m, good.nr);

	if (good.at[i + 1] <= length)
		memcpy(data + good.at[i], m->good.data + good.at[i], good.at[i + 1] - good.at[i]);
}

/* The same contents of two states of the same length. */
static void cross(struct mutator *m, __u8 *data, size_t length, const struct state *donor)
{
	const struct sequence s = sequence_of(donor->data, donor->length);
	size_t at, size;

	if (donor->length != length || !s.nr)
		return;
	at = any_place(m, &s, donor->data);
	size = 1 + below(m, 64);
	if (at + size <= length)
		memcpy(data + at, donor->data + at, size);
}

static size_t step(struct mutator *m, void *data, size_t length, size_t room,
		   const struct state *donor)
{
	const struct sequence s = sequence_of(data, length);
	__u64 what = below(m, 32);

	if (what < 16 || !s.nr)
		change_free(m, data, length);
	else if (what < 20)
		change_any(m, &s, data, length);
	else if (what < 23)
		change_value(m, &s, data, length);
	else if (what < 25)
		change_header(m, &s, data);
	else if (what < 26)
		return change_length(m, data, length, room);
	else if (what < 27)
		return move_records(m, &s, data, length, room, data, length);
	else if (what < 28 && donor)
		return move_records(m, &s, data, length, room, donor->data, donor->length);
	else if (what < 30)
		mend_record(m, data, length);
	else if (donor)
		cross(m, data, length, donor);
	return length;
}

/**
 * mutate() - change a state
 * @m: of the function whose it is
 * @data: the state
 * @length: bytes of it
 * @room: bytes that there is room for
 * @donor: another, of this function or of any, or NULL
 *
 * Return: bytes of what has come of it
 */
size_t mutate(struct mutator *m, void *data, size_t length, size_t room,
	      const struct state *donor)
{
	unsigned int steps = 1 + below(m, MAX_STEPS);

	/* What is broken is refused, however else it changes: begin anew now and then. */
	if (!below(m, 3) && m->good.length <= room) {
		memcpy(data, m->good.data, m->good.length);
		length = m->good.length;
	}
	while (steps--)
		length = step(m, data, length, room, donor);
	return length;
}

/* Are they equal but for bits that are ignored? */
static bool bytes_equal(const __u8 *a, const __u8 *b, size_t length, const __u8 *ignored)
{
	size_t i;

	/* As nearly all are. */
	if (!memcmp(a, b, length))
		return true;
	for (i = 0; i < length; i++)
		if ((a[i] ^ b[i]) & ~ignored[i])
			return false;
	return true;
}

/* Where configuration space has a capability; 0: nowhere. */
static unsigned int capability_at(const __u8 *config, __u8 id)
{
	unsigned int at = config[PCI_CAPABILITY_LIST], left;

	for (left = 48; at && left; at = config[at + PCI_CAP_LIST_NEXT], left--)
		if (config[at] == id)
			return at;
	return 0;
}

/*
 * Presence and the link are looked at anew, and what has changed is an event, for which a slot
 * interrupts. Whether a bridge has one can't be seen: the device may change the bit that says so.
 */
static bool ignore_slot(const __u8 *config, __u8 *ignored)
{
	unsigned int at = capability_at(config, PCI_CAP_ID_EXP);

	if (!at || (config[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_TYPE_BRIDGE)
		return false;
	ignored[at + PCI_EXP_LNKSTA + 1] |= PCI_EXP_LNKSTA_DLLLA >> 8;
	ignored[at + PCI_EXP_SLTSTA] |= PCI_EXP_SLTSTA_PDS | PCI_EXP_SLTSTA_PDC;
	ignored[at + PCI_EXP_SLTSTA + 1] |= PCI_EXP_SLTSTA_DLLSC >> 8;
	ignored[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
	return true;
}

/* The pending bits that a guest sees. */
static void ignore_pending(const __u8 *config, __u8 *ignored)
{
	unsigned int at = capability_at(config, PCI_CAP_ID_MSI);

	if (at && config[at + PCI_MSI_FLAGS + 1] & (PCI_MSI_FLAGS_MASKBIT >> 8))
		memset(ignored + at + (config[at + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_64BIT ?
				       PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32), 0xff, 4);
}

/* The number of one that decodes somewhere, but had none, is new. One that is nowhere has none. */
static bool placed_equal(const __u64 *set, const __u64 *got)
{
	unsigned int i;

	for (i = 0; i <= KVPCI_NUM_BARS; i++)
		if (set[i] && got[i] && set[i] != got[i])
			return false;
	return true;
}

/* Is nothing triggered that was not? */
static bool triggered_within(const void *set, const void *got, size_t length)
{
	const __u8 *a = set, *b = got;
	size_t i;

	for (i = 0; i < length; i++)
		if (b[i] & ~a[i])
			return false;
	return true;
}

/**
 * state_slot_agrees() - is the pin of a port what the events of its slot are?
 * @state: of a bridge with a slot and a pin
 */
bool state_slot_agrees(const struct state *state)
{
	const __u8 *config = state_contents(state, KVPCI_STATE_CONFIG);
	const __u8 *at = config + capability_at(config, PCI_CAP_ID_EXP);
	__u16 control = at[PCI_EXP_SLTCTL] | at[PCI_EXP_SLTCTL + 1] << 8;
	__u16 status = at[PCI_EXP_SLTSTA] | at[PCI_EXP_SLTSTA + 1] << 8;
	const __u16 events = PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PFD | PCI_EXP_SLTSTA_MRLSC |
			     PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_CC;
	bool asserted = control & PCI_EXP_SLTCTL_HPIE &&
			(control & status & events ||
			 (control & PCI_EXP_SLTCTL_DLLSCE && status & PCI_EXP_SLTSTA_DLLSC));

	return asserted == !!(config[PCI_STATUS] & PCI_STATUS_INTERRUPT);
}

/* How many bytes of MSI-X's record are the table? The rest has a bit for each of its entries. */
static size_t table_length(size_t length)
{
	size_t vectors = length / 16;

	while (vectors * 16 + (vectors + 63) / 64 * 8 > length)
		vectors--;
	return vectors * 16;
}

/**
 * state_reads_back() - is a state what a function was told that it is in?
 * @set: what was set
 * @got: what the function, to which nothing else has happened, gives
 * @sends: what was pending may have been sent
 *
 * Return: whether it is, but for what the interface says
 */
bool state_reads_back(const struct state *set, const struct state *got, bool sends)
{
	const struct sequence s = sequence_of(got->data, got->length);
	static const __u8 nothing[1 << 16];
	bool slot = false;
	unsigned int i;

	if (set->length != got->length)
		return false;
	for (i = 0; i < s.nr; i++) {
		const struct kvpci_state_record *record = got->data + s.at[i];
		const void *from = set->data + s.at[i] + HEADER, *to = record + 1;
		size_t length = s.at[i + 1] - s.at[i] - HEADER, table = length;
		__u8 ignored[4096] = {};

		if (memcmp(record, set->data + s.at[i], HEADER))
			return false;
		switch (record->type) {
		case KVPCI_STATE_CONFIG:
			ignored[PCI_HEADER_TYPE] = 0x80;
			slot = ignore_slot(to, ignored);
			if (slot || sends)
				ignore_pending(to, ignored);
			if (!bytes_equal(from, to, length, ignored))
				return false;
			break;
		case KVPCI_STATE_BARS:
			if (!placed_equal(from, to))
				return false;
			break;
		case KVPCI_STATE_MSI:
			/* A slot's message, triggered or withdrawn. */
			if (!slot && !(sends ? triggered_within(from, to, length) :
					       bytes_equal(from, to, length, nothing)))
				return false;
			break;
		case KVPCI_STATE_MSIX:
			if (sends)
				table = table_length(record->length);
			if (!bytes_equal(from, to, table, nothing) ||
			    !triggered_within(from + table, to + table, length - table))
				return false;
			break;
		default:
			if (!bytes_equal(from, to, length, nothing))
				return false;
		}
	}
	return true;
}
