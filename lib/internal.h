/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the library's files share and nobody else sees: the handle, the source
 * vtable, the log. Only lib/ and selftests/unit include this.
 */
#ifndef MLT_INTERNAL_H
#define MLT_INTERNAL_H

#include <mlocktrace/mlocktrace.h>

#define MLT_API __attribute__((visibility("default")))
#define MLT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/*
 * A source of records. mlocktrace_open() allocates priv_size zeroed bytes as
 * handle->priv, calls open once, then fill whenever the batch is empty.
 */
struct mlt_source {
	const char *name;
	size_t priv_size;
	bool live; /* what is read happens now, on this machine */
	bool tells_lost; /* lost records are in its stream; else the handle makes them of a live one's drops */

	/* Once. On error everything it acquired is released by close, which tolerates a half-open
	 * source; mlt_fail() has said why. */
	int (*open)(struct mlocktrace *h, const struct mlocktrace_opts *opts);

	/* From next() when the batch is drained: append records with mlt_batch_add().
	 * 0 (also if nothing was there), -ENODATA at the end of a recording, or -errno. */
	int (*fill)(struct mlocktrace *h);

	/* From wait(): as mlocktrace_wait(). */
	int (*wait)(struct mlocktrace *h, int timeout_ms);

	/* As mlocktrace_fd(); NULL = not pollable. */
	int (*fd)(const struct mlocktrace *h);

	/* From stop(): no new records after it; NULL = nothing to stop. */
	int (*stop)(struct mlocktrace *h);

	/* Producer's side of the books (all but delivered) for one CPU or -1;
	 * -ENOENT past the last CPU. */
	int (*stats)(struct mlocktrace *h, int cpu, struct mlocktrace_stats *stats);

	/* As mlocktrace_ledger(); NULL = it has no kernel to ask. */
	int (*ledger)(struct mlocktrace *h,
		      int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx);

	/* From counts() and latency() of a handle that counts: bring h->tally up to now; NULL = its
	 * records are read and counted in the library. */
	int (*count)(struct mlocktrace *h);

	/* As mlocktrace_skips(); NULL = nothing. */
	enum mlocktrace_skips (*skips)(const struct mlocktrace *h);
	/* As mlocktrace_hook(); NULL = no hooks. */
	int (*hook)(const struct mlocktrace *h, size_t i, struct mlocktrace_hook *hook);
	/* As mlocktrace_hook_counts(); NULL = not counted. */
	int (*hook_counts)(const struct mlocktrace *h, size_t i, uint64_t *hits, uint64_t *misses);

	/* Once, also after a failed open. */
	void (*close)(struct mlocktrace *h);
};

extern const struct mlt_source mlt_source_bpf;
extern const struct mlt_source mlt_source_kmod;
extern const struct mlt_source mlt_source_file;

/* What the handle knows of one CPU's stream. */
struct mlt_cpu_books {
	uint64_t delivered;
	uint64_t lost; /* sum of the lost records handed out */
};

struct mlt_tally;

struct mlocktrace {
	const struct mlt_source *source;
	void *priv;
	const char *tier; /* static string, "" if none */
	mlocktrace_log_fn log;
	void *log_ctx;

	/* Records waiting for next(), back to back, each aligned to 8 bytes. */
	uint8_t *batch;
	size_t batch_used;
	size_t batch_read;
	size_t batch_size;
	struct mlocktrace_event *current; /* decoded, what next() handed out */
	size_t current_size;
	bool idle; /* the last fill brought nothing */

	struct mlt_cpu_books *cpus;
	size_t n_cpus;

	struct mlt_tally *tally; /* records are counted and not handed out; NULL = they are */

	/* CLOCK_REALTIME - CLOCK_MONOTONIC of the recording machine, ns. */
	int64_t realtime_offset_ns;
	/* Of a recording: names of current's frames, in frame order, each NUL-terminated. */
	const char *frame_names;
	size_t frame_names_size;
};

/* Is it one per user, and not one per address space? */
static inline bool mlt_is_of_user(unsigned int counter)
{
	return counter == MLOCKTRACE_COUNTER_USER || counter == MLOCKTRACE_COUNTER_PERF ||
	       counter == MLOCKTRACE_COUNTER_SHM;
}

/* handle.c */
int mlt_batch_add(struct mlocktrace *h, const void *record, size_t size);
struct mlt_cpu_books *mlt_cpu_books(struct mlocktrace *h, unsigned int cpu);
/* Read what there is, to the end; as mlocktrace_next() when there is none, or the result of @each. */
int mlt_each_record(struct mlocktrace *h,
		    int (*each)(void *ctx, const struct mlocktrace_event *event), void *ctx);
/* Remember and log an error with its remedy; returns err, so `return mlt_fail(...)`. */
int mlt_fail(struct mlocktrace *h, int err, const char *fmt, ...) MLT_PRINTF(3, 4);
void mlt_log(const struct mlocktrace *h, enum mlocktrace_log_level level, const char *fmt, ...)
	MLT_PRINTF(3, 4);

/*
 * opts.c: a caller's struct of options into ours; both begin with their size. What the
 * caller's lacks is 0. -EINVAL if it lacks even the first `least` bytes, or if it is of a
 * newer version and says something that we do not know.
 */
int mlt_copy_opts(void *own, size_t own_size, const void *opts, size_t least);

/* opts.c: our struct into a caller's, as much of it as the caller's size has room for; the rest
 * of a newer one is 0. -EINVAL if the caller's lacks even the first `least` bytes. */
int mlt_copy_out(void *answer, const void *own, size_t own_size, size_t least);

/* decode.c: size bytes at record -> a whole event (fields it lacks are 0).
 * Returns the record's own size, or -EBADMSG. */
int mlt_decode(const void *record, size_t size, struct mlocktrace_event *event, size_t event_size);

/* size.c: "64K", "16.0M", "5000" (bytes that are no whole KiB stay exact below 1 MiB) */
const char *mlt_size_text(char buf[24], uint64_t bytes);
/* size.c: the same with a sign: "+64K", "-4K", "0" */
const char *mlt_delta_text(char buf[24], int64_t bytes);

#endif
