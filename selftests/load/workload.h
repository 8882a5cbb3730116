/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the workload share: scenarios and what they expect, the
 * calls under test, and the log.
 *
 * The log is the second witness of every live test. It says what the kernel
 * answered and what /proc/self/status showed before and after, and never asks
 * libmlocktrace. One line per operation, tab-separated:
 *
 *   scenario pid tid op addr len arg ret cause before after limit hard uid target asked overlap where time_ns counter delta
 *   mlock_needs_one_page_more 812 812 mlock 0x7f2a1000 69632 0 -12 over_limit 0 0 65536 131072 65534 0 69632 0 - 8123456789 vmlck 0
 *
 * and in the same line, what the kernel's own counters were behind it:
 *
 *   kernel_time_ns kernel_uid vmpin user perf shm
 *   8123457012 65534 0 0 - 0
 *
 * What the witness does not know, or what is left to the tracer, is "-". An op
 * with "?" may have left a record. time_ns is when after was read; a record of
 * an earlier time is contained in it. Counters other than vmlck and vmpin are in
 * no file: then before and after are "-", and delta is what the call must have
 * done to it, since the kernel has let the limit be reached and not exceeded.
 * tid "-": done by whoever comes along, a kernel thread or an interrupt, and the
 * record may be of any process. The kernel's own counters are those of the user
 * kernel_uid, and vmpin of the process, in bytes; kernel_time_ns is when reading began.
 * They are "-" without --counters; with it, the last line of each scenario is one of
 * op "quiet", when nothing is under way any more.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <mlocktrace/mlocktrace.h>

#define RW (PROT_READ | PROT_WRITE)
#define ROW(op, error, cause, pages) \
	{ MLOCKTRACE_OP_##op, error, MLOCKTRACE_CAUSE_##cause, pages, 0 }
/* Which of the causes is the library's choice, as long as it blames no limit. */
#define NOT_THE_LIMIT MLOCKTRACE_CAUSE_MAX
#define MLOCKTRACE_CAUSE_NOT_THE_LIMIT NOT_THE_LIMIT

#define NOBODY 65534
#define FIRST_UID 0x60000000 /* and a pid: a user of its own */
#define KIB 1024UL
#define USER_SOFT_LIMIT (64 * KIB)
#define USER_HARD_LIMIT (128 * KIB)
#define ANY INT64_MIN /* delta that depends on the machine */
#define MAX_ROWS 16

/* munlock() of no pages at these addresses marks a place in the stream and changes nothing. */
#define PING_ADDR 0x4d4c5000UL
#define GO_ADDR 0x4d4c6000UL

struct expected {
	enum mlocktrace_op op;
	int error; /* positive errno, 0 = success */
	enum mlocktrace_cause cause;
	int64_t delta_pages;
	int64_t overlap_pages; /* of a refusal over the limit */
};

enum scenario_flags {
	AS_USER = 1,	  /* uid 65534 with USER_SOFT_LIMIT and USER_HARD_LIMIT, no capability */
	ONLY_64 = 2,	  /* means nothing for a 32-bit program */
	TP_ONLY = 4,	  /* function hooks are not reached */
	NEEDS_IPC_LOCK = 8,
};

struct scenario {
	const char *name;
	const char *help;
	unsigned int flags;
	void (*run)(void);
	const char *(*unable)(void); /* why it cannot be run here, or NULL */
	struct expected rows[MAX_ROWS];
};

extern const struct scenario lock_scenarios[], limit_scenarios[], life_scenarios[];
extern const struct scenario map_scenarios[], refused_scenarios[], stack_scenarios[];
extern const struct scenario charge_scenarios[], shm_scenarios[];
const char *on_fault_faults_in(void);
const char *no_shm(void);

/* calls.c: the calls under test, each answering 0 or -errno */
extern size_t page;
long raw_call(enum mlocktrace_op op, unsigned long addr, unsigned long len, unsigned long arg);
long raw_prlimit(pid_t pid, uint64_t soft, uint64_t hard);
void raw_getrlimit(uint64_t *soft, uint64_t *hard);
/* raw_call with a line in the log, checked against the scenario's next row */
long call(enum mlocktrace_op op, const void *addr, size_t len, unsigned long arg);
long call_mlock(const void *addr, size_t len);
long call_munlock(const void *addr, size_t len);
long call_setrlimit(pid_t target, uint64_t soft, uint64_t hard);

/* calls_map.c: what locks and unlocks by the way. NULL, false: refused */
char *call_mmap(void *hint, size_t len, int prot, int flags, int fd);
char *call_mmap_anonymous(void *hint, size_t pages, int flags);
long call_munmap(void *addr, size_t len);
enum mapping { UNLOCKED, LOCKED };
char *call_mremap(enum mapping is, void *old, size_t old_len, size_t len, int flags, void *to);
char *current_break(void);
bool call_brk(char *to);
char *call_shmat(int id, size_t len);
void call_shmdt(void *addr);
char *stack_room(void); /* the end of 4 MiB that are free */
char *map_stack(char *end, size_t pages, int flags); /* one that grows down */
char *stack_start(const void *inside);
bool touch(void *addr);			  /* false: SIGSEGV */
bool call_touch(char *start, size_t pages_below);
void expect_pages_locked(int64_t pages); /* between calls that leave no record */

/* log.c */
enum unsaid {
	UNSAID_LEN = 1, UNSAID_ARG = 2, UNSAID_ASKED = 4, UNSAID_TIME = 8, UNSAID_STATE = 16,
	UNSAID_ACTOR = 32, UNSAID_ADDR = 64, UNSAID_ERRNO = 128,
};
struct log_row {
	enum mlocktrace_op op;
	pid_t pid, tid, target;
	unsigned long addr, len, arg;
	long ret;
	int64_t before, after, asked;
	uint64_t limit, hard;
	unsigned long where;
	unsigned int unsaid;
	enum mlocktrace_counter counter; /* 0: vmlck */
	bool optional; /* a record is allowed, but not asked for */
};
const char *op_name(unsigned int op);
const char *cause_name(unsigned int cause);
bool log_open(const char *path);
void log_scenario(const struct scenario *s, bool checked);
void log_row(struct log_row *row);	   /* the next expected row */
void log_unexpected(struct log_row *row); /* not in the table: set-up and end of a process */
void log_quiet(void);
void log_child(pid_t child, enum mlocktrace_op op, const void *addr, size_t len, long ret,
	       int64_t before, int64_t after);
void log_skip_rows(unsigned int n);
unsigned int log_position(void);
bool log_all_rows_seen(void);
int log_failures(void);
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void die(const char *what) __attribute__((noreturn));
int64_t status_bytes(const char *key); /* of /proc/self/status */
int64_t vmlck(void);
int64_t vmlck_of(pid_t pid);
uint64_t now_ns(void);

/* memory to lock */
void *map_pages(size_t n, int prot);
void *map_with_guards(size_t n); /* unmapped before and after */

/* scenarios_life.c: all ends log their record first */
void end_scenario(void) __attribute__((noreturn));
void exec_self(const char *mode) __attribute__((noreturn));
void end_of_child(void) __attribute__((noreturn)); /* with a row, if it holds locks */
pid_t make_child(void);
void wait_for(pid_t child);

/* modes.c: what is not a scenario */
struct mode {
	const char *name;
	const char *args;
	const char *help;
	int (*run)(int argc, char **argv);
};
extern const struct mode modes[];
void drop_to_user(uint64_t soft, uint64_t hard);
void drop_and_log(uint64_t soft, uint64_t hard);
extern uint64_t user_soft_limit; /* --limit */
extern uid_t user_id;
void start_thread(pthread_t *thread, void *(*run)(void *), void *arg);
unsigned int next_random(unsigned int *state);
void checkpoint(void);

/* calls_charge.c: counters that belong to a user, who is nobody else's here */
void become_user(size_t limit_pages);
void drop_to_net_raw(size_t limit_pages);
enum release { BY_CALLER, BY_ANYONE };
/* The pages are for rows of ANY, since these depend on the machine. */
void log_charge(enum mlocktrace_op op, enum mlocktrace_counter counter, long ret, size_t pages);
void log_release(enum mlocktrace_op op, enum mlocktrace_counter counter, enum release by,
		 size_t pages);
void log_pinned(enum mlocktrace_op op, long ret, int64_t pages_before); /* VmPin */
int64_t vmpin_pages(void);
void expect_pages_pinned(int64_t pages); /* waits for it, since kernel threads unpin */
bool can_as_user(bool (*test)(void));

/* counters.c: without --counters, nothing */
struct counters;
void counters_open(const char *path);
bool counters_are_read(void);
void counters_read(uid_t uid, struct counters *counters);

/* scenarios_charge.c */
int setup_ring(void);
bool buffer_fits(int ring, size_t pages); /* which stay charged to the user then */

/* modes.c */
const char *hostile_name(unsigned int i); /* one of several, again and again */

/* crowd.c */
int run_crowd(int argc, char **argv);

/* mix.c */
int run_books(int argc, char **argv);

/* regions.c */
int run_hold_zeros(int argc, char **argv);
int run_hold_file(int argc, char **argv);
int run_regions(int argc, char **argv);

#endif
