/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libmlocktrace: read memory-lock records from eBPF programs, from the kernel
 * module or from a recording, and say what they mean.
 *
 * Conventions. Functions return 0 (or a positive answer) or a negative errno.
 * Constructors fill an out-pointer; destructors take NULL. The library never
 * prints, never exits and never touches signals; what it has to say goes to
 * the log function of the options. A handle belongs to one thread at a time.
 * Option structs start with their size: set it with sizeof, zero the rest.
 */
#ifndef MLOCKTRACE_H
#define MLOCKTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <mlocktrace/counts.h>
#include <mlocktrace/event.h>
#include <mlocktrace/regions.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mlocktrace; /* one open source */

enum mlocktrace_log_level {
	MLOCKTRACE_LOG_ERROR,
	MLOCKTRACE_LOG_WARN,
	MLOCKTRACE_LOG_INFO,
	MLOCKTRACE_LOG_DEBUG,
};

/* Receives one line without a newline; valid during the call only. */
typedef void (*mlocktrace_log_fn)(void *ctx, enum mlocktrace_log_level level, const char *line);

/**
 * struct mlocktrace_opts - what to open and what to let through
 * @size:          sizeof(struct mlocktrace_opts)
 * @source:        "auto" (also NULL: bpf, or kmod where that does not work), "bpf", "kmod", or
 *                 the path of a recording
 * @tier:          for bpf: "auto" (also NULL), "fentry", "kprobe", "tracepoint"; "kmod" is
 *                 that source's only one
 * @btf_path:      file with the kernel's BTF, for a kernel without its own; NULL = the kernel's
 * @pids:          processes to follow, all their threads; ids as seen from the caller's
 *                 pid namespace; borrowed during open only
 * @n_pids:        0 = every process
 * @follow:        also the children, made from now on, of @pids
 * @failures_only: only records with a negative result
 * @stacks:        user and kernel stack in every record
 * @ops:           bit (1 << op) for each op to record; 0 = all
 * @by_uid:        only processes of @uid
 * @uid:           real uid, in the initial user namespace
 * @comm:          only tasks of exactly this name (at most 15 bytes); NULL = any
 * @cgroup:        only processes in this cgroup v2 folder or below; NULL = any
 * @buffer_bytes:  ring buffer, rounded up to a power of two of whole pages; 0 = 8 MiB; not for
 *                 kmod, whose buffers were made when the module was loaded
 * @log:           where the library's words go; NULL = nowhere
 * @log_ctx:       first argument of @log
 * @past:          for kmod: begin with the oldest record that its flight recorder keeps; @pids
 *                 need not live any more
 * @count:         count in the kernel: no records are handed out (mlocktrace_next() finds none,
 *                 mlocktrace_fd() is -EOPNOTSUPP), mlocktrace_counts() tells what was counted; not
 *                 with @stacks or @past. Of a recording, the records read are counted
 * @group_by:      enum mlocktrace_group: with @count, what to keep apart. kmod knows cgroups only
 * @n_groups:      at most so many groups, the first ones that are met (0 = 1024, at most 65536);
 *                 further ones are counted together, with @other set
 *
 * All filters are combined with "and". They act in the kernel; on a recording
 * they act on the records read, where @cgroup must be the folder's id in decimal.
 * Of kmod's, @pids and @follow act in the kernel (without @past), the others on
 * the records read. It counts for everybody, so that with @count it takes only @ops and
 * @failures_only.
 */
struct mlocktrace_opts {
	size_t size;
	const char *source;
	const char *tier;
	const char *btf_path;
	const pid_t *pids;
	size_t n_pids;
	bool follow;
	bool failures_only;
	bool stacks;
	bool by_uid;
	uid_t uid;
	uint64_t ops;
	const char *comm;
	const char *cgroup;
	size_t buffer_bytes;
	mlocktrace_log_fn log;
	void *log_ctx;
	bool past;
	bool count;
	unsigned int group_by;
	size_t n_groups;
};

/**
 * mlocktrace_open - open a source and start recording
 * @handle: filled on success; free with mlocktrace_close()
 * @opts:   NULL = everything, best source
 *
 * Return: 0, or -EPERM (privilege missing), -ENOENT (no such recording, cgroup or
 * kernel BTF; the kernel module is not loaded), -ESRCH (one of @pids does not
 * exist), -EOPNOTSUPP (no tier works here; another version of the kernel module),
 * -EBADMSG (not a recording), -EINVAL (a bad option), or another -errno.
 * mlocktrace_open_error() and the log name the remedy.
 */
int mlocktrace_open(struct mlocktrace **handle, const struct mlocktrace_opts *opts);

/* What the last failed mlocktrace_open() of this thread stumbled over, and the remedy; never NULL. */
const char *mlocktrace_open_error(void);

/* Stop recording and free all. Records not yet read are gone. */
void mlocktrace_close(struct mlocktrace *handle);

/**
 * mlocktrace_stop - stop recording, keep what was recorded
 *
 * Detaches every hook (those of the kernel module stay; what they record from now
 * on is not handed out); records made so far can still be read with
 * mlocktrace_next(). Return: 0 or -errno.
 */
int mlocktrace_stop(struct mlocktrace *handle);

/**
 * mlocktrace_next - the next record
 * @event: filled on 1; belongs to the handle, valid until the next call on it
 *
 * Never blocks. Return: 1 = a record, 0 = none now (live source),
 * -ENODATA = end of a recording, -EBADMSG = the recording is cut off or damaged
 * here, or another -errno.
 */
int mlocktrace_next(struct mlocktrace *handle, const struct mlocktrace_event **event);

/**
 * mlocktrace_wait - sleep until there may be a record
 * @timeout_ms: -1 = for ever
 *
 * Return: 1 = call mlocktrace_next(), 0 = timeout, -EINTR = a signal came,
 * or another -errno. A recording never makes you wait.
 */
int mlocktrace_wait(struct mlocktrace *handle, int timeout_ms);

/**
 * mlocktrace_fd - for a poll loop of your own: readable when records wait
 *
 * Call mlocktrace_next() until it returns 0 before you poll; that arms the
 * descriptor. Return: a descriptor that belongs to the handle (do not close
 * it), or -EOPNOTSUPP for a recording.
 */
int mlocktrace_fd(const struct mlocktrace *handle);

/* Addresses of the record's stack tail, innermost first, in the event's own memory. */
const uint64_t *mlocktrace_event_user_stack(const struct mlocktrace_event *event, size_t *n);
const uint64_t *mlocktrace_event_kernel_stack(const struct mlocktrace_event *event, size_t *n);

/**
 * struct mlocktrace_stats - the books of the stream: seen = delivered + dropped + filtered + waiting
 * @size:      sizeof(struct mlocktrace_stats), set by the caller
 * @seen:      records made by the producer (after its filters), since the handle was opened
 * @delivered: of these, handed out by mlocktrace_next()
 * @dropped:   of these, lost for want of buffer
 * @missed:    hook invocations that the kernel itself skipped (recursion, missing return
 *             probe instances), as far as this kernel counts them
 * @untracked: calls of which there is no record: no memory for their state, or their return
 *             was not seen (noticed at the thread's next call or end)
 * @ended:     address spaces that ended and were in the ledger, see mlocktrace_ledger(), or
 *             held something
 * @ended_adrift: of these, those whose counter was not what the ledger said; not known before
 *             Linux 5.11
 * @ended_unattributed: changes in them that nothing explained
 * @filtered:  of those seen, held back by the filters: kmod makes records for all its readers, and
 *             filters after that. While it runs, those of other processes that came after the last
 *             one delivered count as waiting
 */
struct mlocktrace_stats {
	size_t size;
	uint64_t seen;
	uint64_t delivered;
	uint64_t dropped;
	uint64_t missed;
	uint64_t untracked;
	uint64_t ended;
	uint64_t ended_adrift;
	uint64_t ended_unattributed;
	uint64_t filtered;
};

/* @cpu: one CPU, or -1 for the sum. @missed and @untracked are filled for -1 only.
 * Return: 0, -EINVAL, or -ENOENT past the last CPU. */
int mlocktrace_stats(struct mlocktrace *handle, int cpu, struct mlocktrace_stats *stats);

/**
 * struct mlocktrace_holding - a counter of an address space or user, what the kernel says of it and
 * what the books do
 * @size:         sizeof(struct mlocktrace_holding)
 * @mm_id:        as in its records; 0 = not in the books
 * @start_ns:     CLOCK_BOOTTIME when @pid started; 0 for a counter of a user
 * @pid:          whose it is; shared ones are named once; 0 for a counter of a user
 * @uid:          real uid, in the initial user namespace; of a counter of a user, its owner
 * @comm:         bytes as the task set them; "" for a counter of a user
 * @known:        the books know it; else only @kernel is filled
 * @kernel:       bytes: the kernel's counter, now
 * @books:        bytes: @held_before and all changes since, each of which was made a record of
 * @held_before:  bytes: held when recording began; 0 for an address space made since
 * @changes:      grows whenever @books changes
 * @unattributed: changes that no operation explained: records of op unattributed
 * @counter:      enum mlocktrace_counter: which; vmlck and vmpin are of an address space, user, perf
 *                and shm of a user
 * @began_moving: it changed while recording began: @held_before may be off by that change
 *
 * Books and counter are read without stopping the process, so that a change under way shows as
 * a difference between them; one that stays while the process does nothing is real.
 */
struct mlocktrace_holding {
	size_t size;
	uint64_t mm_id;
	uint64_t start_ns;
	uint32_t pid;
	uint32_t uid;
	char comm[MLOCKTRACE_COMM_LEN];
	bool known;
	int64_t kernel;
	int64_t books;
	int64_t held_before;
	uint64_t changes;
	uint64_t unattributed;
	uint32_t counter;
	bool began_moving;
};

/**
 * mlocktrace_ledger - the counters of address spaces and users that hold locked memory or did, as
 * far as the filters let them through
 * @each: called with every one; another result than 0 ends the walk
 *
 * The books are kept in the kernel and do not depend on records being read. Return: 0, the
 * result of @each, -EOPNOTSUPP (a recording, a tier that does not see address spaces end, or kmod
 * with a filter for a cgroup), or another -errno.
 */
int mlocktrace_ledger(struct mlocktrace *handle,
		      int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx);

/* A record, named by when it began. */
struct mlocktrace_moment {
	uint64_t time_ns; /* 0 = before the first record */
	uint32_t pid;
	uint32_t op;
};

/**
 * struct mlocktrace_account - one counter of an address space or user as its records tell it
 * @size:      sizeof(struct mlocktrace_account)
 * @mm_id:     which
 * @start_ns:  with @pid: whose; 0 while there are only records of what other processes did to it,
 *             and for a counter of a user
 * @pid:       of its first record; 0 for a counter of a user
 * @uid:       likewise; of a counter of a user, its owner
 * @comm:      of its first record; "" for a counter of a user
 * @records:   how many
 * @held_before: bytes, see mlocktrace_book_begin()
 * @sum:       bytes: what they changed, without the one of its end
 * @ended:     there was a record of its end (exit, exec)
 * @last:      bytes: what it held then, by that record
 * @unattributed: records of op unattributed
 * @before_unattributed: the record before the first of these
 * @since:     the last record after which @held_before and the changes came to what the record
 *             itself says; where the account is wrong, it went wrong after that one
 * @counter:   enum mlocktrace_counter: which; 0 before its first record
 */
struct mlocktrace_account {
	size_t size;
	uint64_t mm_id;
	uint64_t start_ns;
	uint32_t pid;
	uint32_t uid;
	char comm[MLOCKTRACE_COMM_LEN];
	uint64_t records;
	int64_t held_before;
	int64_t sum;
	bool ended;
	int64_t last;
	uint64_t unattributed;
	struct mlocktrace_moment before_unattributed;
	struct mlocktrace_moment since;
	uint32_t counter;
};

/*
 * A second book, kept from the stream: an account per counter of an address space or user. It says
 * the same as the ledger while no record was lost.
 */
struct mlocktrace_book;

/* Return: 0 or -ENOMEM. */
int mlocktrace_book_new(struct mlocktrace_book **book);
void mlocktrace_book_free(struct mlocktrace_book *book);
/* It held @held_before bytes when recording began; without this call that is 0. */
int mlocktrace_book_begin(struct mlocktrace_book *book, uint64_t mm_id, int64_t held_before);
/* Enter a record. Return: 0, -ENOMEM, or -EINVAL if it changed a counter that it does not name. */
int mlocktrace_book_add(struct mlocktrace_book *book, const struct mlocktrace_event *event);
/* Fill @account, whose size the caller has set. Return: 0, -EINVAL, or -ENOENT. */
int mlocktrace_book_find(const struct mlocktrace_book *book, uint64_t mm_id,
			 struct mlocktrace_account *account);
/* The @i-th account in no order of meaning. Return: as above, -ENOENT past the last. */
int mlocktrace_book_get(const struct mlocktrace_book *book, size_t i,
			struct mlocktrace_account *account);

/* "bpf", "kmod" or "file"; never NULL. */
const char *mlocktrace_source(const struct mlocktrace *handle);
/* The tier in use ("fentry", ...), "" for a recording; never NULL. */
const char *mlocktrace_tier(const struct mlocktrace *handle);

/* What a kernel that preempts itself (PREEMPT_RT, mode full or lazy) may keep from a tier: it skips
 * a program for a task that has preempted another one inside the same program. What it skips is
 * counted where it counts it (@missed). MLOCKTRACE_SKIPS_STEPS: a detail inside a call, and the
 * sums stay right. MLOCKTRACE_SKIPS_CALLS: whole calls, while several tasks make them at once. */
enum mlocktrace_skips { MLOCKTRACE_SKIPS_NOTHING, MLOCKTRACE_SKIPS_STEPS, MLOCKTRACE_SKIPS_CALLS };
/* Of the tier in use on this kernel; nothing for a recording. */
enum mlocktrace_skips mlocktrace_skips(const struct mlocktrace *handle);

/**
 * struct mlocktrace_hook - one place in the kernel that is listened to
 * @name:     kernel function or tracepoint
 * @help:     what it is for
 * @attached: it is listened to
 * @required: without it the tier does not work
 * @why_not:  when not attached, the reason; else ""
 */
struct mlocktrace_hook {
	const char *name;
	const char *help;
	bool attached;
	bool required;
	const char *why_not;
};

/* The @i-th hook of an open bpf or kmod source. Strings belong to the handle.
 * Return: 0, or -ENOENT past the last. */
int mlocktrace_hook(const struct mlocktrace *handle, size_t i, struct mlocktrace_hook *hook);
/* How often the @i-th hook ran since it was attached, and was skipped by the kernel.
 * Return: 0, -ENOENT past the last, or -EOPNOTSUPP where that is not counted hook by hook. */
int mlocktrace_hook_counts(const struct mlocktrace *handle, size_t i, uint64_t *hits,
			   uint64_t *misses);

/* ---- what a record means -------------------------------------------------- */

/* Why the call failed; a pure function of the record. */
enum mlocktrace_cause mlocktrace_cause(const struct mlocktrace_event *event);

/**
 * mlocktrace_explain - the verdict in one or two sentences, with its arithmetic and the smallest fix
 * @buf: at least 1 byte; always terminated; never holds control characters
 *
 * Return: length without the terminator of what a large enough buffer would hold
 * (as snprintf); 0 and "" when there is nothing to say.
 */
int mlocktrace_explain(const struct mlocktrace_event *event, char *buf, size_t size);

/* Smallest soft limit in bytes with which this refusal would have passed the limit test;
 * 0 when the limit had no part in it, or the record does not say (no_before; shm_lock refused
 * for the maximum of a user namespace above). */
uint64_t mlocktrace_needed_limit(const struct mlocktrace_event *event);

/* Smallest soft limit in bytes with which the limit test lets this operation through: what the
 * kernel compares with the limit, whether it worked, was refused, or the process has
 * CAP_IPC_LOCK, and is not held to it. 0 when nothing was compared, or the record does not say
 * (no_before). Of an mlock that worked on memory that was partly locked before, or is never
 * charged (huge pages, devices), it is known only as: at least this, at most before + asked. */
uint64_t mlocktrace_least_limit(const struct mlocktrace_event *event);

/* Names of ids; NULL for an unknown id. The strings are static. */
const char *mlocktrace_op_name(unsigned int op);
const char *mlocktrace_counter_name(unsigned int counter);
const char *mlocktrace_cause_name(unsigned int cause);
const char *mlocktrace_tier_name(unsigned int tier);
const char *mlocktrace_flag_name(unsigned int bit);
/* Symbolic name of a positive errno ("ENOMEM"); NULL if unknown. */
const char *mlocktrace_errno_name(int err);
/* Ids of names; 0 for an unknown name (no op has id 0). */
unsigned int mlocktrace_op_by_name(const char *name);

/**
 * mlocktrace_about - what an op, cause, counter, flag, tier or errno name means
 * @i: 0, 1, ... for words that mean several things
 * @kind: filled with "op", "cause", "counter", "flag", "tier", "errno" or "signal"
 * @help: filled with one sentence
 * @advice: filled with what to do, or NULL
 *
 * Return: 0, or -ENOENT when there is no (further) meaning.
 * mlocktrace_about_list() names everything there is: 0, or -ENOENT past the last.
 */
int mlocktrace_about(const char *word, size_t i, const char **kind, const char **help,
		     const char **advice);
int mlocktrace_about_list(size_t i, const char **kind, const char **word);

/* ---- writers --------------------------------------------------------------- */

struct mlocktrace_symbols; /* addresses to names; see below */

enum mlocktrace_format {
	MLOCKTRACE_TEXT, /* one line per record, a verdict line under each refusal */
	MLOCKTRACE_JSON, /* one object per line */
	MLOCKTRACE_FILE, /* a recording, to be opened as a source */
};

/**
 * struct mlocktrace_writer_opts
 * @size:    sizeof(struct mlocktrace_writer_opts)
 * @format:  how
 * @color:   text: escape sequences for colour
 * @verbose: text: verdict and facts under every record; JSON: explain in every object
 * @time:    text: column with the time of day
 * @symbols: names for stacks, borrowed for the writer's lifetime; NULL = bare addresses
 * @source:  handle whose records are written (for the header of a recording, and for the
 *           time of day of a replayed one); may be NULL
 */
struct mlocktrace_writer_opts {
	size_t size;
	enum mlocktrace_format format;
	bool color;
	bool verbose;
	bool time;
	struct mlocktrace_symbols *symbols;
	const struct mlocktrace *source;
};

struct mlocktrace_writer;

/**
 * mlocktrace_writer_new - write records to a stream
 * @out: borrowed; the caller closes it after mlocktrace_writer_free()
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int mlocktrace_writer_new(struct mlocktrace_writer **writer, FILE *out,
			  const struct mlocktrace_writer_opts *opts);

/* Write one record, whole or not at all as far as @out allows. Return: 0 or -errno (-ENOSPC, -EPIPE, ...). */
int mlocktrace_write(struct mlocktrace_writer *writer, const struct mlocktrace_event *event);

/**
 * mlocktrace_writer_finish - write the end (a recording's books) and flush
 * @stats: of the source, for a recording's trailer; NULL = unknown
 *
 * Return: 0 or -errno. After an error in a recording on a regular file, the
 * file is cut back to its last whole record.
 */
int mlocktrace_writer_finish(struct mlocktrace_writer *writer, const struct mlocktrace_stats *stats);

void mlocktrace_writer_free(struct mlocktrace_writer *writer);

/* Copy @text so that it can be shown on a terminal: control characters, invalid UTF-8 and
 * backslashes become \xNN. Returns as snprintf; @len bytes or up to the first NUL are read. */
int mlocktrace_escape(char *buf, size_t size, const char *text, size_t len);

/* ---- symbols ---------------------------------------------------------------- */

/* Names for the addresses in stacks, of living processes (by their maps, ELF symbols and
 * separate debug files) and of the kernel (/proc/kallsyms). */
int mlocktrace_symbols_new(struct mlocktrace_symbols **symbols);
void mlocktrace_symbols_free(struct mlocktrace_symbols *symbols);

/**
 * mlocktrace_symbol - name of one address
 * @event: whose stack it is from
 * @i:     index into the stack: user frames first, then kernel frames
 * @buf:   filled with "function+0x1c (module)", "[unknown] (module)", or the bare address
 *
 * Return: as snprintf. Also serves recordings: their stored names are used when the
 * event came from one.
 */
int mlocktrace_symbol(struct mlocktrace_symbols *symbols, const struct mlocktrace_event *event,
		      size_t i, char *buf, size_t size);

/* Version of the library at run time, "MAJOR.MINOR.PATCH". */
const char *mlocktrace_version(void);

#ifdef __cplusplus
}
#endif

/* Down here, since it is made of what stands above. */
#include <mlocktrace/snapshot.h>

#endif
