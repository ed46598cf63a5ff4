// SPDX-License-Identifier: GPL-2.0
/*
 * A disk, served by vhost-user with DPDK's library, which keeps account of the requests that are
 * under way (INFLIGHT_SHMFD), for the one that is started after this one has been killed:
 *
 *	inflight-disk SOCKET FILE
 *
 * It takes as many requests as there are and completes the last one first. Once it has got the
 * signal SIGUSR1 it does not complete the next one, and says "held"; others it goes on to complete.
 */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_vhost.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR		512
#define QUEUE		0
#define MAX_QUEUE	256
#define MAX_PIECES	16

/* Microseconds that pass before it looks for more. */
#define IDLE_TIME	1000

#define GET_CONFIG	24

#define FEATURE(n)	(1ULL << (n))
#define FEATURES	(FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_BLK_F_SEG_MAX) | \
			 FEATURE(VIRTIO_BLK_F_FLUSH) | FEATURE(VHOST_USER_F_PROTOCOL_FEATURES))
#define PROTOCOL	(FEATURE(VHOST_USER_PROTOCOL_F_MQ) | \
			 FEATURE(VHOST_USER_PROTOCOL_F_REPLY_ACK) | \
			 FEATURE(VHOST_USER_PROTOCOL_F_CONFIG) | \
			 FEATURE(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD))

/* The start of what the library gives its users of a message that it does not know. */
struct message {
	unsigned int request;
	unsigned int flags;
	unsigned int size;
	struct {
		unsigned int offset;
		unsigned int size;
		unsigned int flags;
		unsigned char data[];
	} config;
} __attribute__((packed));

struct piece {
	void *at;
	size_t length;
};

static int disk;
static int device = -1;
static bool running;
static bool to_hold;
static pthread_t thread;
static struct rte_vhost_memory *memory;
static struct rte_vhost_vring ring;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "inflight-disk: %s\n", what);
	_exit(1);
}

static enum rte_vhost_msg_result handle_message(int vid, void *argument)
{
	struct message *message = argument;
	struct virtio_blk_config config = { .seg_max = MAX_PIECES - 2, .num_queues = 1 };
	struct stat st;

	(void)vid;
	if (message->request != GET_CONFIG)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	if (fstat(disk, &st) || message->config.size > sizeof(config))
		return RTE_VHOST_MSG_RESULT_ERR;
	config.capacity = st.st_size / SECTOR;
	memcpy(message->config.data, &config, message->config.size);
	return RTE_VHOST_MSG_RESULT_REPLY;
}

static void *find(__u64 address, __u32 length)
{
	unsigned int i;

	for (i = 0; i < memory->nregions; i++) {
		const struct rte_vhost_mem_region *region = &memory->regions[i];
		__u64 offset = address - region->guest_phys_addr;

		if (offset < region->size && length <= region->size - offset)
			return (void *)(uintptr_t)(region->host_user_addr + offset);
	}
	die("an address that is not in memory");
}

/* The pieces of a request, the first of which is its header, and the last its status. */
static unsigned int find_pieces(unsigned int head, struct piece *pieces)
{
	unsigned int at = head;
	unsigned int n = 0;

	for (;;) {
		const struct vring_desc *desc = &ring.desc[at];

		if (n == MAX_PIECES)
			die("a request of too many pieces");
		pieces[n].at = find(desc->addr, desc->len);
		pieces[n].length = desc->len;
		n++;
		if (!(desc->flags & VRING_DESC_F_NEXT))
			return n;
		at = desc->next % ring.size;
	}
}

static bool transfer(bool write, const struct piece *piece, off_t offset)
{
	ssize_t done = write ? pwrite(disk, piece->at, piece->length, offset) :
			       pread(disk, piece->at, piece->length, offset);

	return done == (ssize_t)piece->length;
}

static unsigned int carry_out(unsigned int head)
{
	struct piece pieces[MAX_PIECES];
	unsigned int n = find_pieces(head, pieces);
	const struct virtio_blk_outhdr *header = pieces[0].at;
	off_t offset = header->sector * SECTOR;
	unsigned int written = 1;
	bool good = true;
	unsigned int i;

	switch (header->type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		for (i = 1; i < n - 1 && good; i++) {
			good = transfer(header->type == VIRTIO_BLK_T_OUT, &pieces[i], offset);
			offset += pieces[i].length;
			written += header->type == VIRTIO_BLK_T_IN ? pieces[i].length : 0;
		}
		break;
	case VIRTIO_BLK_T_FLUSH:
		break;
	case VIRTIO_BLK_T_GET_ID:
		memset(pieces[1].at, 0, pieces[1].length);
		written += pieces[1].length;
		break;
	default:
		good = false;
	}
	*(unsigned char *)pieces[n - 1].at = good ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
	return written;
}

static void complete(unsigned int head)
{
	unsigned short used = ring.used->idx;
	unsigned int written;

	written = carry_out(head);
	ring.used->ring[used % ring.size].id = head;
	ring.used->ring[used % ring.size].len = written;
	if (rte_vhost_set_last_inflight_io_split(device, QUEUE, head))
		die("no account of a request that is done");
	__atomic_store_n(&ring.used->idx, ++used, __ATOMIC_RELEASE);
	if (rte_vhost_clr_inflight_desc_split(device, QUEUE, used, head))
		die("no end of the account of a request");
	rte_vhost_vring_call(device, QUEUE);
}

/* Those that the one before had begun, the library has put in the order in which they came. */
static void complete_left_over(void)
{
	struct rte_vhost_ring_inflight inflight;
	struct rte_vhost_resubmit_info *info;

	if (rte_vhost_get_vhost_ring_inflight(device, QUEUE, &inflight))
		die("there is no memory for the account of requests");
	info = inflight.resubmit_inflight;
	if (!info)
		return;
	fprintf(stderr, "inflight-disk: %u left over\n", info->resubmit_num);
	while (info->resubmit_num)
		complete(info->resubmit_list[--info->resubmit_num].index);
}

static void *serve(void *argument)
{
	unsigned short heads[MAX_QUEUE];
	unsigned short next, unused;
	bool held = false;
	unsigned int n;

	(void)argument;
	if (rte_vhost_get_vring_base(device, QUEUE, &next, &unused))
		die("it is not known where the ring is");
	complete_left_over();
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		n = 0;
		while (next != __atomic_load_n(&ring.avail->idx, __ATOMIC_ACQUIRE)) {
			heads[n] = ring.avail->ring[next++ % ring.size];
			if (rte_vhost_set_inflight_desc_split(device, QUEUE, heads[n]))
				die("no account of a request");
			n++;
		}
		if (!n)
			usleep(IDLE_TIME);
		while (n) {
			n--;
			if (held || !__atomic_load_n(&to_hold, __ATOMIC_ACQUIRE)) {
				complete(heads[n]);
				continue;
			}
			held = true;
			fprintf(stderr, "inflight-disk: held\n");
		}
	}
	return NULL;
}

static int start_device(int vid)
{
	device = vid;
	if (rte_vhost_get_mem_table(vid, &memory) ||
	    rte_vhost_get_vhost_vring(vid, QUEUE, &ring) || ring.size > MAX_QUEUE)
		return -1;
	__atomic_store_n(&running, true, __ATOMIC_RELEASE);
	return pthread_create(&thread, NULL, serve, NULL) ? -1 : 0;
}

static void stop_device(int vid)
{
	(void)vid;
	__atomic_store_n(&running, false, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	free(memory);
}

static const struct rte_vhost_user_extern_ops extern_ops = { .pre_msg_handle = handle_message };

static int greet(int vid)
{
	return rte_vhost_extern_callback_register(vid, &extern_ops, NULL);
}

static const struct rte_vhost_device_ops device_ops = {
	.new_device = start_device,
	.destroy_device = stop_device,
	.new_connection = greet,
};

static void hold(int signal)
{
	(void)signal;
	__atomic_store_n(&to_hold, true, __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
	static char * const eal[] = {
		(char *)"inflight-disk", (char *)"--no-huge", (char *)"--no-pci",
		(char *)"--no-shconf", (char *)"--no-telemetry", (char *)"--lcores=0",
		(char *)"-m", (char *)"64", (char *)"--log-level=error", NULL,
	};
	char *arguments[sizeof(eal) / sizeof(*eal)];
	const char *path;

	if (argc != 3) {
		fprintf(stderr, "usage: inflight-disk SOCKET FILE\n");
		return 2;
	}
	path = argv[1];
	disk = open(argv[2], O_RDWR | O_CLOEXEC);
	if (disk < 0)
		die("cannot open the file");
	/* It puts them into another order. */
	memcpy(arguments, eal, sizeof(eal));
	if (rte_eal_init(sizeof(eal) / sizeof(*eal) - 1, arguments) < 0)
		die("DPDK does not start");
	signal(SIGUSR1, hold);
	unlink(path);
	if (rte_vhost_driver_register(path, 0) || rte_vhost_driver_set_features(path, FEATURES) ||
	    rte_vhost_driver_set_protocol_features(path, PROTOCOL) ||
	    rte_vhost_driver_callback_register(path, &device_ops) ||
	    rte_vhost_driver_start(path))
		die("cannot listen at the socket");
	for (;;)
		pause();
}
