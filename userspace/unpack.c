// SPDX-License-Identifier: GPL-2.0
/*
 * A file that is packed in another, unpacked as it is read: what is read is unpacked straight to
 * where it is to be, but for what the libraries keep to refer to. There is no file that has all of
 * it, whatever its size is said to be.
 *
 * The libraries trust nothing that they unpack; of what is here that is only the number of bytes.
 */
#define ZLIB_CONST
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "array.h"
#include "layout.h"
#include "report.h"
#include "unpack.h"

/* How much is read at once, and how much of what nobody wants is unpacked at once. */
#define CHUNK		KIB(64)

/* What a library may keep to refer to. More than 128 MiB is zstd's refused by itself. */
#define MEMORY_MOST	(MIB(128) + KIB(256))

/* What a step goes from and to. */
struct buffers {
	const __u8 *in;
	size_t in_left;
	__u8 *out;
	size_t out_left;
};

enum progress {
	PROGRESS_MORE,		/* made some, or none for lack of bytes or of room */
	PROGRESS_END,		/* all is unpacked, and whole */
	PROGRESS_BAD,
};

struct unpack {
	const struct file *outer;
	const struct format *format;
	union {
		z_stream zlib;
		lzma_stream lzma;
		ZSTD_DCtx *zstd;
	};
	size_t offset;		/* of what has not been read yet */
	size_t packed;		/* how much that is */
	struct buffers buffers;
	size_t at;		/* how much has been unpacked */
	bool ended;
	__u8 chunk[CHUNK];
	__u8 unwanted[CHUNK];
};

struct format {
	__u8 magic[6];
	size_t magic_size;
	bool (*begin)(struct unpack *unpack);
	enum progress (*step)(struct unpack *unpack, struct buffers *buffers);
	void (*end)(struct unpack *unpack);
};

/* Of gzip's formats, only the one with a header and a checksum. */
static bool gzip_begin(struct unpack *unpack)
{
	return inflateInit2(&unpack->zlib, 16 + MAX_WBITS) == Z_OK;
}

static enum progress gzip_step(struct unpack *unpack, struct buffers *buffers)
{
	z_stream *zlib = &unpack->zlib;
	int result;

	zlib->next_in = buffers->in;
	zlib->avail_in = buffers->in_left;
	zlib->next_out = buffers->out;
	zlib->avail_out = buffers->out_left;	/* a size has 32 bits in a kernel's file, too */
	result = inflate(zlib, Z_NO_FLUSH);
	*buffers = (struct buffers){
		zlib->next_in, zlib->avail_in, zlib->next_out, zlib->avail_out,
	};
	if (result == Z_STREAM_END)
		return PROGRESS_END;
	return result == Z_OK || result == Z_BUF_ERROR ? PROGRESS_MORE : PROGRESS_BAD;
}

static void gzip_end(struct unpack *unpack)
{
	inflateEnd(&unpack->zlib);
}

static bool xz_begin(struct unpack *unpack)
{
	unpack->lzma = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&unpack->lzma, MEMORY_MOST, 0) == LZMA_OK;
}

static bool lzma_begin(struct unpack *unpack)
{
	unpack->lzma = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_alone_decoder(&unpack->lzma, MEMORY_MOST) == LZMA_OK;
}

static enum progress lzma_step(struct unpack *unpack, struct buffers *buffers)
{
	lzma_stream *lzma = &unpack->lzma;
	lzma_ret result;

	lzma->next_in = buffers->in;
	lzma->avail_in = buffers->in_left;
	lzma->next_out = buffers->out;
	lzma->avail_out = buffers->out_left;
	result = lzma_code(lzma, LZMA_RUN);
	*buffers = (struct buffers){
		lzma->next_in, lzma->avail_in, lzma->next_out, lzma->avail_out,
	};
	if (result == LZMA_STREAM_END)
		return PROGRESS_END;
	return result == LZMA_OK || result == LZMA_BUF_ERROR ? PROGRESS_MORE : PROGRESS_BAD;
}

static void lzma_finish(struct unpack *unpack)
{
	lzma_end(&unpack->lzma);
}

static bool zstd_begin(struct unpack *unpack)
{
	unpack->zstd = ZSTD_createDCtx();
	return unpack->zstd;
}

static enum progress zstd_step(struct unpack *unpack, struct buffers *buffers)
{
	ZSTD_inBuffer in = { buffers->in, buffers->in_left, 0 };
	ZSTD_outBuffer out = { buffers->out, buffers->out_left, 0 };
	size_t result = ZSTD_decompressStream(unpack->zstd, &out, &in);

	*buffers = (struct buffers){
		buffers->in + in.pos, in.size - in.pos, buffers->out + out.pos, out.size - out.pos,
	};
	if (ZSTD_isError(result))
		return PROGRESS_BAD;
	return result ? PROGRESS_MORE : PROGRESS_END;
}

static void zstd_end(struct unpack *unpack)
{
	ZSTD_freeDCtx(unpack->zstd);
}

static const struct format formats[] = {
	{ { 0x1f, 0x8b }, 2, gzip_begin, gzip_step, gzip_end },
	{ { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, xz_begin, lzma_step, lzma_finish },
	{ { 0x5d, 0, 0 }, 3, lzma_begin, lzma_step, lzma_finish },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, zstd_begin, zstd_step, zstd_end },
};

/* Read on, if there is nothing left of what has been read. */
static int refill(struct unpack *unpack)
{
	size_t size = unpack->packed < CHUNK ? unpack->packed : CHUNK;
	int status;

	if (unpack->buffers.in_left || !size)
		return STATUS_OK;
	status = file_copy(unpack->outer, unpack->chunk, unpack->offset, size);
	unpack->buffers.in = unpack->chunk;
	unpack->buffers.in_left = size;
	unpack->offset += size;
	unpack->packed -= size;
	return status;
}

static int bad(const struct unpack *unpack)
{
	return fail("what is packed in the kernel %s is damaged, or takes more than 128 MiB to unpack: get a good one, or leave out --unpack",
		    unpack->outer->path);
}

/* Unpack @size bytes, or up to the end if that comes before. */
static int unpack_some(struct unpack *unpack, __u8 *to, size_t size)
{
	struct buffers *buffers = &unpack->buffers;
	enum progress progress;
	size_t in_left;
	int status;

	buffers->out = to;
	buffers->out_left = size;
	while (buffers->out_left && !unpack->ended) {
		status = refill(unpack);
		if (status)
			return status;
		in_left = buffers->in_left;
		size = buffers->out_left;
		progress = unpack->format->step(unpack, buffers);
		unpack->at += size - buffers->out_left;
		unpack->ended = progress == PROGRESS_END;
		if (progress == PROGRESS_BAD ||
		    (!unpack->ended && in_left == buffers->in_left && size == buffers->out_left))
			return bad(unpack);
	}
	return STATUS_OK;
}

static int begin(struct unpack *unpack)
{
	size_t i;
	int status;

	status = refill(unpack);
	if (status)
		return status;
	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		if (unpack->buffers.in_left < formats[i].magic_size ||
		    memcmp(unpack->chunk, formats[i].magic, formats[i].magic_size))
			continue;
		if (!formats[i].begin(unpack))
			return fail("not enough memory to unpack the kernel %s",
				    unpack->outer->path);
		unpack->format = &formats[i];
		return STATUS_OK;
	}
	return fail("the kernel %s is packed otherwise than by gzip, xz, lzma or zstd: leave out --unpack, it unpacks itself",
		    unpack->outer->path);
}

static int open_head(struct unpack *unpack, struct file *kernel, size_t head)
{
	int status = begin(unpack);

	if (!status)
		status = unpack_some(unpack, kernel->data, head);
	if (!status && unpack->at < head)
		return bad(unpack);
	return status;
}

int unpack_open(struct file *kernel, const struct file *outer, size_t offset, size_t packed,
		size_t size, size_t head)
{
	struct unpack *unpack = calloc(1, sizeof(*unpack));
	int status;

	if (head > size)
		head = size;
	*kernel = (struct file){
		.path = outer->path, .data = malloc(head ? head : 1), .size = size,
		.left = size - head, .fd = -1, .unpack = unpack,
	};
	if (!unpack || !kernel->data) {
		status = fail("not enough memory to unpack the kernel %s", outer->path);
	} else {
		unpack->outer = outer;
		unpack->offset = offset;
		unpack->packed = packed;
		status = open_head(unpack, kernel, head);
	}
	if (status)
		file_free(kernel);
	return status;
}

/* Unpack up to @offset, and forget it. */
static int skip_to(struct unpack *unpack, size_t offset)
{
	size_t size;
	int status = STATUS_OK;

	while (!status && unpack->at < offset && !unpack->ended) {
		size = offset - unpack->at < CHUNK ? offset - unpack->at : CHUNK;
		status = unpack_some(unpack, unpack->unwanted, size);
	}
	return status;
}

int unpack_copy(const struct file *kernel, void *to, size_t offset, size_t size)
{
	struct unpack *unpack = kernel->unpack;
	int status;

	if (offset < unpack->at)
		return fail("what is packed in the kernel %s is not in the order of its addresses: leave out --unpack, it unpacks itself",
			    kernel->path);
	status = skip_to(unpack, offset);
	if (!status)
		status = unpack_some(unpack, to, size);
	if (!status && unpack->at < offset + size)
		return bad(unpack);
	return status;
}

int unpack_finish(const struct file *kernel)
{
	struct unpack *unpack = kernel->unpack;
	int status;

	/* There is one byte more if it does not end where it should. */
	status = skip_to(unpack, kernel->size + 1);
	if (!status && unpack->at != kernel->size)
		return bad(unpack);
	return status;
}

void unpack_close(struct unpack *unpack)
{
	if (unpack->format)
		unpack->format->end(unpack);
	free(unpack);
}
