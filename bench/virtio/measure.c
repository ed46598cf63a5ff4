// SPDX-License-Identifier: GPL-2.0
/*
 * measure read DEVICE BYTES COUNT, measure ping ADDRESS BYTES COUNT: in the guest, what one
 * request to a virtio device takes from its beginning until the program goes on: a read past the
 * page cache, or an echo of so many bytes from the host. Prints the median by the time-stamp
 * counter. Who counts something else is told before the first and after the last request, and
 * waited for.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/types.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <x86intrin.h>

#define WARM_UP		50
#define BLOCK		4096	/* what buffers are aligned to */
#define SPREAD		1024	/* different places on the disk */

static char buffer[BLOCK] __attribute__((aligned(BLOCK)));
static size_t bytes;
static int fd;

/* What is on the wire, behind headers of 34 bytes. */
static struct {
	struct icmphdr header;
	char data[BLOCK];
} echo;

static void read_once(unsigned int n)
{
	if (pread(fd, buffer, bytes, (off_t)(n % SPREAD) * BLOCK) != (ssize_t)bytes)
		err(1, "can't read");
}

static __u16 checksum(const void *data, size_t length)
{
	const __u16 *word = data;
	__u32 sum = 0;

	for (; length; length -= 2)
		sum += *word++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

static void echo_once(unsigned int n)
{
	const struct ip *ip = (const struct ip *)buffer;
	const struct icmphdr *reply;

	echo.header = (struct icmphdr) { .type = ICMP_ECHO };
	echo.header.un.echo.sequence = htons(n);
	echo.header.checksum = checksum(&echo, sizeof(echo.header) + bytes);
	if (send(fd, &echo, sizeof(echo.header) + bytes, 0) !=
	    (ssize_t)(sizeof(echo.header) + bytes))
		err(1, "can't send");
	do {
		if (recv(fd, buffer, sizeof(buffer), 0) < (ssize_t)sizeof(*ip))
			err(1, "can't receive");
		reply = (const struct icmphdr *)(buffer + ip->ip_hl * 4);
	} while (reply->type != ICMP_ECHOREPLY || reply->un.echo.sequence != htons(n));
}

static void open_disk(const char *device, const char *length)
{
	bytes = strtoul(length, NULL, 0);
	fd = open(device, O_RDONLY | O_DIRECT);
	if (fd < 0 || !bytes || bytes > sizeof(buffer))
		err(1, "can't read %s", device);
}

static void open_socket(const char *address, const char *length)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	bytes = strtoul(length, NULL, 0);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (fd < 0 || bytes > sizeof(buffer) / 2 ||
	    inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "can't send to %s", address);
}

static void mark(const char *name)
{
	char answer[16];

	printf("mark %s\n", name);
	if (!fgets(answer, sizeof(answer), stdin))
		errx(1, "nobody answers");
}

static int compare(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void measure(void (*once)(unsigned int n), unsigned int count)
{
	__u64 *ticks = calloc(count + 1, sizeof(*ticks));
	unsigned int i;

	if (!ticks || !count)
		errx(1, "no memory, or nothing to measure");
	memset(ticks, 1, count * sizeof(*ticks));
	for (i = 0; i < WARM_UP; i++)
		once(i);
	mark("begin");
	for (i = 0; i < count; i++) {
		__u64 began = __rdtsc();

		once(i);
		ticks[i] = __rdtsc() - began;
	}
	mark("end");
	qsort(ticks, count, sizeof(*ticks), compare);
	printf("ticks %lu\n", (unsigned long)ticks[count / 2]);
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	if (argc == 5 && !strcmp(argv[1], "read")) {
		open_disk(argv[2], argv[3]);
		measure(read_once, strtoul(argv[4], NULL, 0));
	} else if (argc == 5 && !strcmp(argv[1], "ping")) {
		open_socket(argv[2], argv[3]);
		measure(echo_once, strtoul(argv[4], NULL, 0));
	} else {
		errx(2, "usage: read DEVICE BYTES COUNT, or ping ADDRESS BYTES COUNT");
	}
	return 0;
}
