// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that the workload does besides scenarios: streams of calls to be
 * compared call for call, calls at full rate to be counted, checkpoints of
 * VmLck, processes with names made to hurt.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

#define N_HAMMERS 4
#define MAX_THREADS 16

uint64_t user_soft_limit = USER_SOFT_LIMIT;
uid_t user_id = NOBODY;

void drop_to_user(uint64_t soft, uint64_t hard)
{
	if (raw_prlimit(0, soft, hard))
		die("prlimit");
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(user_id, user_id, user_id))
		die("setresuid");
	/* /proc/self stays readable to the user who now owns the process. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void drop_and_log(uint64_t soft, uint64_t hard)
{
	struct log_row row = { .op = MLOCKTRACE_OP_SETRLIMIT, .limit = soft, .hard = hard };

	row.before = row.after = vmlck();
	log_unexpected(&row);
	drop_to_user(soft, hard);
}

static unsigned long number(int argc, char **argv, int i, unsigned long otherwise)
{
	return argc > i ? strtoul(argv[i], NULL, 0) : otherwise;
}

static long lock(const void *p, size_t len)
{
	return raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)p, len, 0);
}

static long unlock(const void *p, size_t len)
{
	return raw_call(MLOCKTRACE_OP_MUNLOCK, (unsigned long)p, len, 0);
}

/* All five calls, their flags and the commonest failures once. p: 8 pages and a hole. */
static void one_round(char *p, unsigned long round)
{
	static const int how[] = { MCL_CURRENT | MCL_ONFAULT, MCL_FUTURE, 0, MCL_CURRENT | MCL_FUTURE };

	lock(p, (round % 8 + 1) * page);
	raw_call(MLOCKTRACE_OP_MLOCK2, (unsigned long)p + round % page, page, round % 2);
	raw_call(MLOCKTRACE_OP_MLOCK2, (unsigned long)p, page, 0x40 | round % 2);
	lock(p + 6 * page, 3 * page);
	unlock(p + 4 * page, 5 * page);
	unlock(p, (round % 8 + 1) * page);
	raw_call(MLOCKTRACE_OP_MLOCKALL, 0, 0, how[round % 4]);
	raw_call(MLOCKTRACE_OP_MUNLOCKALL, 0, 0, 0);
	lock((void *)16, page);
}

static void rounds(unsigned long n, useconds_t pause_us)
{
	char *p = map_with_guards(8);

	for (unsigned long i = 0; !n || i < n; i++) {
		one_round(p, i);
		if (pause_us)
			usleep(pause_us);
	}
	munmap(p, 8 * page);
}

static int run_loop(int argc, char **argv)
{
	rounds(number(argc, argv, 0, 0), number(argc, argv, 1, 0));
	return 0;
}

static int run_user_loop(int argc, char **argv)
{
	drop_to_user(6 * page, USER_HARD_LIMIT);
	return run_loop(argc, argv);
}

/* Small stacks: mlockall() faults all of them in. */
void start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 * KIB);
	errno = pthread_create(thread, &attr, run, arg);
	if (errno)
		die("pthread_create");
	pthread_attr_destroy(&attr);
}

struct thread_job {
	pthread_t thread;
	unsigned long rounds;
};

static void *thread_rounds(void *arg)
{
	rounds(((struct thread_job *)arg)->rounds, 0);
	return NULL;
}

static int run_threads(int argc, char **argv)
{
	struct thread_job jobs[MAX_THREADS];
	unsigned long n = number(argc, argv, 0, 4);

	for (unsigned long i = 0; i < n && i < MAX_THREADS; i++) {
		jobs[i].rounds = number(argc, argv, 1, 20);
		start_thread(&jobs[i].thread, thread_rounds, &jobs[i]);
	}
	for (unsigned long i = 0; i < n && i < MAX_THREADS; i++)
		pthread_join(jobs[i].thread, NULL);
	return 0;
}

static int wait_for_children(void)
{
	int status, bad = 0;

	while (wait(&status) > 0)
		bad |= status != 0;
	return bad;
}

static int run_procs(int argc, char **argv)
{
	unsigned long n = number(argc, argv, 0, 4);

	for (unsigned long i = 0; i < n; i++) {
		if (!fork()) {
			rounds(number(argc, argv, 1, 20), 0);
			_exit(0);
		}
	}
	return wait_for_children();
}

static int run_fork_exec(int argc, char **argv)
{
	unsigned long n = number(argc, argv, 0, 10);
	char *p = map_pages(2, RW);

	lock(p, 2 * page);
	for (unsigned long i = 0; i < n; i++) {
		if (!fork()) {
			lock(p, page);
			execl("/proc/self/exe", "workload", "loop", "3", (char *)NULL);
			_exit(1);
		}
		if (wait_for_children())
			return 1;
	}
	return 0;
}

/* ---- hammer: as many calls as the machine can make, and exactly how many -- */

static struct hammer_books {
	struct {
		unsigned long calls;
	} __attribute__((aligned(64))) of[2 * N_HAMMERS];
	uint64_t end_ns;
} *hammers;

static void *hammer(void *arg)
{
	unsigned long *calls = arg;
	char *p = map_pages(1, RW);

	do {
		for (int i = 0; i < 32; i++, *calls += 2) {
			lock(p, page);
			unlock(p, page);
		}
	} while (now_ns() < hammers->end_ns);
	return NULL;
}

static int run_hammer(int argc, char **argv)
{
	double seconds = argc > 0 ? strtod(argv[0], NULL) : 10;
	pthread_t threads[N_HAMMERS];
	unsigned long total = 0;
	int bad;

	hammers = mmap(NULL, sizeof(*hammers), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hammers == MAP_FAILED)
		die("mmap");
	hammers->end_ns = now_ns() + seconds * 1e9;
	for (int i = 0; i < N_HAMMERS; i++) {
		if (!fork()) {
			hammer(&hammers->of[i].calls);
			_exit(0);
		}
	}
	for (int i = 0; i < N_HAMMERS; i++)
		start_thread(&threads[i], hammer, &hammers->of[N_HAMMERS + i].calls);
	for (int i = 0; i < N_HAMMERS; i++)
		pthread_join(threads[i], NULL);
	bad = wait_for_children();
	for (int i = 0; i < 2 * N_HAMMERS; i++)
		total += hammers->of[i].calls;
	printf("{\"calls\":%lu,\"seconds\":%g,\"processes\":%d,\"threads\":%d}\n", total, seconds,
	       N_HAMMERS, N_HAMMERS);
	return bad;
}

/* ---- ledger: VmLck at moments when no call is under way -------------------- */

static struct ledger {
	pthread_barrier_t quiet;
	unsigned int threads, steps;
	char *area[MAX_THREADS];
} ledger;

unsigned int next_random(unsigned int *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

/* Some of these fail half-way: the areas of all threads overlap and have holes. */
static void random_step(unsigned int *state)
{
	char *area = ledger.area[next_random(state) % ledger.threads];
	char *p = area + next_random(state) % 16 * page;
	size_t len = (next_random(state) % 8 + 1) * page;

	switch (next_random(state) % 8) {
	case 0 ... 2:
		lock(p, len);
		break;
	case 3:
		raw_call(MLOCKTRACE_OP_MLOCK2, (unsigned long)p, len, MLOCK_ONFAULT);
		break;
	case 4 ... 6:
		unlock(p, len);
		break;
	default:
		raw_call(MLOCKTRACE_OP_MUNLOCKALL, 0, 0, 0);
	}
}

static void *ledger_thread(void *arg)
{
	unsigned int state = (unsigned long)arg * 7919 + 1;

	for (unsigned int step = 0; step < ledger.steps; step++) {
		for (int i = 0; i < 10; i++)
			random_step(&state);
		pthread_barrier_wait(&ledger.quiet);
		pthread_barrier_wait(&ledger.quiet);
	}
	return NULL;
}

void checkpoint(void)
{
	uint64_t t = now_ns();

	printf("checkpoint\t%d\t%llu\t%lld\t%lld\n", getpid(), (unsigned long long)t,
	       (long long)vmlck(), (long long)status_bytes("VmPin:"));
	fflush(stdout);
}

static void map_ledger_areas(void)
{
	for (unsigned int i = 0; i < ledger.threads; i++) {
		ledger.area[i] = map_with_guards(24);
		munmap(ledger.area[i] + 9 * page, page);
		mprotect(ledger.area[i] + 14 * page, page, PROT_NONE);
	}
}

static int run_ledger(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];

	ledger.threads = number(argc, argv, 0, 4) % (MAX_THREADS + 1);
	ledger.steps = number(argc, argv, 1, 10);
	pthread_barrier_init(&ledger.quiet, NULL, ledger.threads + 1);
	checkpoint();
	map_ledger_areas();
	if (raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)ledger.area[0], 2 * page, 0))
		return 1;
	checkpoint();
	for (unsigned long i = 0; i < ledger.threads; i++)
		start_thread(&threads[i], ledger_thread, (void *)i);
	for (unsigned int step = 0; step < ledger.steps; step++) {
		pthread_barrier_wait(&ledger.quiet);
		checkpoint();
		pthread_barrier_wait(&ledger.quiet);
	}
	for (unsigned int i = 0; i < ledger.threads; i++)
		pthread_join(threads[i], NULL);
	raw_call(MLOCKTRACE_OP_MLOCKALL, 0, 0, MCL_CURRENT);
	checkpoint();
	unlock(ledger.area[0], 8 * page);
	checkpoint();
	raw_call(MLOCKTRACE_OP_MUNLOCKALL, 0, 0, 0);
	checkpoint();
	return 0;
}

/* ---- names that try to get out of their column ----------------------------- */

static const char *const hostile_names[] = {
	"new\nline\rcr\ttab", "\033[31mred\033[0m", "\033]0;title\007", "quote\"'\\back",
	"{\"pid\":1,\"a\":\"", "\xff\xfe\x80" "bad\xc3(", "half\xe2\x82", "\x9b" "31mC1",
	"\xc2\x9b" "31mC1", "\xe2\x80\xae" "rtl", "del\x7f" "del", "nul\x01\x02\x1f", "%s%n%d%x",
	"\xf4\x90\x80\x80" "big", "\xed\xa0\x80" "half", "\xc0\x80" "long", " ", "",
};

const char *hostile_name(unsigned int i)
{
	return hostile_names[i % (sizeof(hostile_names) / sizeof(*hostile_names))];
}

static int run_hostile_comm(int argc, char **argv)
{
	char *p = map_with_guards(2);

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof(hostile_names) / sizeof(*hostile_names); i++) {
		prctl(PR_SET_NAME, hostile_names[i], 0, 0, 0);
		lock(p, page);
		lock(p, 3 * page);
		unlock(p, 2 * page);
	}
	return 0;
}

/* ---- stacks: functions to be found again by name --------------------------- */

static __attribute__((noinline)) void stack_inner(char *p)
{
	raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)p, page, 0);
	__asm__ volatile("");
}

static __attribute__((noinline)) void stack_middle(char *p)
{
	stack_inner(p);
	__asm__ volatile("");
}

static __attribute__((noinline)) void stack_outer(char *p)
{
	stack_middle(p);
	__asm__ volatile("");
}

static int run_stacks(int argc, char **argv)
{
	unsigned long n = number(argc, argv, 0, 1);
	char *p = map_pages(1, RW);

	for (unsigned long i = 0; i < n; i++)
		stack_outer(p);
	/* Names are looked up in the living process. */
	usleep(number(argc, argv, 1, 0) * 1000);
	return 0;
}

/* ---- small tools for scripts ------------------------------------------------ */

static int run_must_hold_nothing(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return vmlck() != 0;
}

static int run_hold(int argc, char **argv)
{
	size_t n = number(argc, argv, 0, 4);

	if (lock(map_pages(n, RW), n * page))
		return 1;
	printf("%d\n", getpid());
	fflush(stdout);
	pause();
	return 0;
}

static void become(int argc, char **argv, int i)
{
	if (argc <= i)
		return;
	user_id = number(argc, argv, i, NOBODY);
	drop_to_user(user_soft_limit, user_soft_limit);
}

/* Prints its pid, how far it came, the errno of what was refused, and VmLck with the ring alone. */
static int run_ring_hold(int argc, char **argv)
{
	const char *refused = "ring";
	int64_t with_ring = 0;
	int ring, err = 0;

	become(argc, argv, 1);
	ring = setup_ring();
	if (ring >= 0) {
		with_ring = vmlck();
		refused = buffer_fits(ring, number(argc, argv, 0, 4)) ? NULL : "buffer";
	}
	if (refused)
		err = errno;
	printf("%d %s %d %lld\n", getpid(), refused ? refused : "held", err, (long long)with_ring);
	fflush(stdout);
	pause();
	return 0;
}

/* Leaves a segment that is locked behind, and prints its id. */
static int run_shm_leave(int argc, char **argv)
{
	int id;

	become(argc, argv, 1);
	id = shmget(IPC_PRIVATE, number(argc, argv, 0, 4) * page, IPC_CREAT | 0600);
	if (id < 0)
		die("shmget");
	printf("%d\n", id);
	return shmctl(id, SHM_LOCK, NULL) != 0;
}

/* Calls that change nothing until FIFO has a writer, then a mark, then a mode. */
static int run_wait_for(int argc, char **argv)
{
	char c;
	int fd;

	if (argc < 2)
		return 2;
	fd = open(argv[0], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		die(argv[0]);
	/* Whoever attaches meets a process that holds something already. */
	lock(map_pages(3, RW), 3 * page);
	while (read(fd, &c, 1) != 1) {
		unlock((void *)PING_ADDR, 0);
		usleep(20000);
	}
	unlock((void *)GO_ADDR, 0);
	for (const struct mode *m = modes; m->name; m++)
		if (!strcmp(m->name, argv[1]))
			return m->run(argc - 2, argv + 2);
	return 2;
}

static int run_limit(int argc, char **argv)
{
	uint64_t soft, hard;

	(void)argc;
	(void)argv;
	raw_getrlimit(&soft, &hard);
	printf("%llu %llu\n", (unsigned long long)soft, (unsigned long long)hard);
	return 0;
}

static int run_exit(int argc, char **argv)
{
	return number(argc, argv, 0, 0);
}

static int run_exec(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (prctl(PR_SET_NAME, argv[0], 0, 0, 0) == 0 && lock(map_pages(1, RW), page) == 0)
		execvp(argv[1], argv + 1);
	return 127;
}

const struct mode modes[] = {
	{ "loop", "[N [PAUSE_US]]", "all five calls in a loop, N times or for ever", run_loop },
	{ "user-loop", "[N [PAUSE_US]]", "the same as uid 65534 with a limit of 6 pages", run_user_loop },
	{ "threads", "[N [ROUNDS]]", "the loop in N threads", run_threads },
	{ "procs", "[N [ROUNDS]]", "the loop in N processes", run_procs },
	{ "fork-exec", "[N]", "N children that lock, exec and loop", run_fork_exec },
	{ "hammer", "[SECONDS]", "4 threads and 4 processes at full rate; prints the number of calls",
	  run_hammer },
	{ "ledger", "[THREADS [STEPS]]", "prints time, VmLck and VmPin whenever no call is under way", run_ledger },
	{ "books", "[THREADS [SECONDS]]", "the same, from threads that map, unmap and fork at full rate",
	  run_books },
	{ "hostile-comm", "", "calls under names that try to break out", run_hostile_comm },
	{ "stacks", "[N [PAUSE_MS]]", "mlock by stack_inner by stack_middle by stack_outer", run_stacks },
	{ "hold", "[PAGES]", "lock, print the pid, sleep for ever", run_hold },
	{ "hold-zeros", "[PAGES]", "the same with pages that are never written to", run_hold_zeros },
	{ "hold-file", "FILE", "the same with all of that file", run_hold_file },
	{ "ring-hold", "[PAGES [UID]]", "an io_uring with a buffer, as UID; print what came of it, sleep for ever",
	  run_ring_hold },
	{ "shm-leave", "[PAGES [UID]]", "lock a System V segment, as UID, print its id and leave it", run_shm_leave },
	{ "crowd", "[N]", "N processes that hold up to 3 pages, print \"ready\" and the pid, sleep for ever",
	  run_crowd },
	{ "regions", "", "lock in every way, print what and where, sleep for ever", run_regions },
	{ "wait-for", "FIFO MODE [ARG]...", "harmless calls until FIFO is written to, then MODE", run_wait_for },
	{ "exec", "COMM PROGRAM [ARG]...", "lock a page under that name, then become PROGRAM", run_exec },
	{ "limit", "", "print RLIMIT_MEMLOCK, soft and hard", run_limit },
	{ "exit", "STATUS", "just that", run_exit },
	{ "must-hold-nothing", "", "succeed if VmLck is 0", run_must_hold_nothing },
	{ NULL, NULL, NULL, NULL }
};
