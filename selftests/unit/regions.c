// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc says of a process, as other kernels and hostile processes write
 * it, and this very process as a living one.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "regions.h"
#include "sample.h"

static struct mlocktrace_regions regions;

static int parse(const char *smaps)
{
	FILE *in = fmemopen((char *)smaps, strlen(smaps), "r");
	int err;

	mlt_smaps_forget(&regions);
	free(regions.list);
	regions = (struct mlocktrace_regions){ 0 };
	err = mlt_smaps_parse(in, &regions);
	fclose(in);
	return err;
}

static struct mlocktrace_region region_at(size_t i)
{
	struct mlocktrace_region region = { .size = sizeof(region) };

	check_int(mlocktrace_region(&regions, i, &region), 0);
	return region;
}

static void only_locked_mappings_are_listed(void)
{
	struct mlocktrace_region region;

	check_int(parse("55d0c8a21000-55d0c8a42000 rw-p 00000000 00:00 0          [heap]\n"
			"Rss:                 132 kB\n"
			"VmFlags: rd wr mr mw me ac sd\n"
			"7f12a4000000-7f12a4010000 r--s 00001000 00:1f 2048       /srv/a file\n"
			"Size:                 64 kB\n"
			"Rss:                  40 kB\n"
			"Pss:                  20 kB\n"
			"Pss_Dirty:            12 kB\n"
			"Swap:                  8 kB\n"
			"SwapPss:               4 kB\n"
			"Locked:               20 kB\n"
			"VmFlags: rd mr me ms lo lf sd\n"), 0);
	check_int(regions.n, 1);
	region = region_at(0);
	check_int(region.start, 0x7f12a4000000);
	check_int(region.end, 0x7f12a4010000);
	check_text(region.path, "/srv/a file");
	check_text(region.perms, "r--s");
	check_int(region.backing, MLOCKTRACE_BACKING_FILE);
	check(region.on_fault);
	check_int(region.resident, 40 * K);
	check_int(region.share, 20 * K);
	check_int(region.swapped, 8 * K);
	check_int(regions.total.locked, 64 * K);
	check_int(regions.total.on_fault, 64 * K);
	check_int(regions.total.resident, 40 * K);
}

static void what_is_never_charged_is_summed(void)
{
	check_int(parse("7f0000000000-7f0000200000 rw-p 00000000 00:0f 77 /anon_hugepage (deleted)\n"
			"VmFlags: rd wr mr mw me de ht sd\n"
			"7f0000200000-7f0000204000 r--p 00000000 00:00 0 [vvar]\n"
			"VmFlags: rd mr pf io de dd sd\n"
			"7f0000204000-7f0000206000 r-xp 00000000 00:00 0 [vdso]\n"
			"VmFlags: rd ex mr mw me de sd\n"), 0);
	check_int(regions.n, 0);
	check_int(regions.total.hugetlb, 2 * M);
	check_int(regions.total.special, 24 * K);
}

static void names_tell_the_backing(void)
{
	static const struct {
		const char *map;
		unsigned int backing;
	} cases[] = {
		{ "00:00 0", MLOCKTRACE_BACKING_ANONYMOUS },
		{ "00:00 0 [anon:glibc: malloc]", MLOCKTRACE_BACKING_ANONYMOUS },
		{ "00:00 0 [heap]", MLOCKTRACE_BACKING_HEAP },
		{ "00:00 0 [stack]", MLOCKTRACE_BACKING_STACK },
		{ "00:01 2 /memfd:x (deleted)", MLOCKTRACE_BACKING_MEMFD },
		{ "00:01 2 /SYSV00000001 (deleted)", MLOCKTRACE_BACKING_SYSV },
		{ "00:01 2 /dev/zero (deleted)", MLOCKTRACE_BACKING_SHM },
		{ "00:01 2 [anon_shmem:x]", MLOCKTRACE_BACKING_SHM },
		{ "00:1a 2 /dev/shm/x", MLOCKTRACE_BACKING_SHM },
		{ "00:0e 2 /secretmem (deleted)", MLOCKTRACE_BACKING_SECRETMEM },
		{ "00:0e 2 anon_inode:[io_uring]", MLOCKTRACE_BACKING_SPECIAL },
		{ "fe:01 2 /usr/lib/x", MLOCKTRACE_BACKING_FILE },
		/* A file on a disk that calls itself something else */
		{ "fe:01 2 /memfd:x (deleted)", MLOCKTRACE_BACKING_FILE },
		{ "fe:01 2 /SYSV0", MLOCKTRACE_BACKING_FILE },
	};

	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		char smaps[256];

		snprintf(smaps, sizeof(smaps), "7f0000000000-7f0000001000 rw-p 00000000 %s\nVmFlags: lo\n",
			 cases[i].map);
		check_int(parse(smaps), 0);
		check(!regions.n || !regions.list[0].on_fault);
		if (check(regions.n == 1) && regions.list[0].backing != cases[i].backing) {
			printf("# %s is %s\n", cases[i].map,
			       mlocktrace_backing_name(regions.list[0].backing));
			check(!"the right backing");
		}
	}
	check_text(mlocktrace_backing_name(MLOCKTRACE_BACKING_SYSV), "sysv");
	for (unsigned int i = 1; i < MLOCKTRACE_BACKING_MAX; i++)
		check(mlocktrace_backing_name(i) != NULL);
	check(!mlocktrace_backing_name(0));
	check(!mlocktrace_backing_name(MLOCKTRACE_BACKING_MAX));
}

static void what_is_not_smaps_is_refused(void)
{
	check_int(parse("Rss: 4 kB\n"), -EBADMSG);
	check_int(parse("hello\n"), -EBADMSG);
	check_int(parse("7f0000001000-7f0000000000 rw-p 0 00:00 0\n"), -EBADMSG);
	check_int(parse("7f0000000000-7f0000001000 rw-p 0 00:00 0\n7f00"), -EBADMSG);
	/* Cut off in a mapping: what was told of it counts. */
	check_int(parse("7f0000000000-7f0000001000 rw-p 0 00:00 0\nVmFlags: lo"), 0);
	check_int(regions.n, 1);
}

static void status_tells_the_charge(void)
{
	static const char process[] = "Name:\ta) b\nUid:\t1000\t0\t0\t0\nVmPin:\t  12 kB\nVmLck:\t      64 kB\n"
				      "CapEff:\t0000000000004000\n";
	static const char kthread[] = "Name:\tkthreadd\nCapEff:\t000001ffffffffff\n";
	struct mlocktrace_regions_total total = { 0 };
	FILE *in = fmemopen((char *)process, sizeof(process) - 1, "r");

	check_int(mlt_status_parse(in, &total), 0);
	fclose(in);
	check_text(total.comm, "a) b");
	check_int(total.vmlck, 64 * K);
	check_int(total.vmpin, 12 * K);
	check_int(total.uid, 1000);
	check(total.capable);
	in = fmemopen((char *)kthread, sizeof(kthread) - 1, "r");
	check_int(mlt_status_parse(in, &total), -ENXIO);
	fclose(in);
}

static void limits_tell_the_limit(void)
{
	static const char limits[] = "Limit                     Soft Limit           Hard Limit           Units\n"
				     "Max locked memory         65536                unlimited            bytes\n";
	struct mlocktrace_regions_total total = { 0 };
	FILE *in = fmemopen((char *)limits, sizeof(limits) - 1, "r");

	check_int(mlt_limits_parse(in, &total), 0);
	fclose(in);
	check_int(total.limit, 65536);
	check(total.hard_limit == MLOCKTRACE_UNLIMITED);
}

static void a_page_frame_counts_once(void)
{
	struct mlt_pages pages = { 0 };

	check_int(mlt_pages_add(&pages, 5), 1);
	check_int(mlt_pages_add(&pages, 5), 0);
	check_int(mlt_pages_add(&pages, 1UL << 30), 1);
	check_int(mlt_pages_add(&pages, 5 + (1UL << 18)), 1);
	check_int(mlt_pages_add(&pages, 1UL << 30), 0);
	check_int(mlt_pages_add(&pages, 1UL << 54), -ERANGE);
	check_int(pages.n, 3);
	check(mlt_pages_has(&pages, 5) && mlt_pages_has(&pages, 1UL << 30));
	check(!mlt_pages_has(&pages, 6) && !mlt_pages_has(&pages, 1UL << 20));
	check(!mlt_pages_has(&pages, 1UL << 31) && !mlt_pages_has(&pages, 1UL << 54));
	mlt_pages_free(&pages);
	check_int(mlt_pages_add(&pages, 5), 1);
	mlt_pages_free(&pages);
}

/* The region that holds an address; false if none does. */
static bool find(const struct mlocktrace_regions *of, const void *address,
		 struct mlocktrace_region *region)
{
	region->size = sizeof(*region);
	for (size_t i = 0; !mlocktrace_region(of, i, region); i++)
		if (region->start <= (uintptr_t)address && (uintptr_t)address < region->end)
			return true;
	return false;
}

static void this_process_is_read(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct mlocktrace_regions_total total = { .size = sizeof(total) };
	struct mlocktrace_regions *own;
	struct mlocktrace_region region;

	if (mlock2(map, 4 * page, MLOCK_ONFAULT)) {
		ktap_skip("no page may be locked here");
		return;
	}
	map[0] = map[2 * page] = 1;
	if (!check(!mlocktrace_regions_new(&own, getpid())))
		return;
	if (check(find(own, map, &region))) {
		check_int(region.end - region.start, 4 * page);
		check_int(region.resident, 2 * page);
		check(region.on_fault);
		check_int(region.backing, MLOCKTRACE_BACKING_ANONYMOUS);
	}
	check_int(mlocktrace_regions_total(own, &total), 0);
	check_int(total.pid, getpid());
	check_int(total.locked, 4 * page);
	check_int(total.vmlck, 4 * page);
	check_int(total.uncharged + total.unlocked, 0);
	check(!total.pages_known || total.present == 2 * page);
	mlocktrace_regions_free(own);
	munmap(map, 4 * page);
}

static void who_is_not_there_is_told(void)
{
	struct mlocktrace_regions *none = &regions;
	pid_t child = fork();

	if (!child)
		_exit(0);
	check_int(waitid(P_PID, child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	check_int(mlocktrace_regions_new(&none, child), -ENXIO);
	check(!none);
	check_int(waitpid(child, NULL, 0), child);
	check_int(mlocktrace_regions_new(&none, child), -ESRCH);
	mlocktrace_regions_free(NULL);
}

static void smaller_structs_of_older_programs_are_served(void)
{
	struct mlocktrace_region region = { .size = offsetof(struct mlocktrace_region, on_fault) };

	check_int(parse("7f0000000000-7f0000001000 rw-p 0 00:00 0\nRss: 4 kB\nVmFlags: lo lf\n"), 0);
	check_int(mlocktrace_region(&regions, 0, &region), 0);
	check_int(region.size, offsetof(struct mlocktrace_region, on_fault));
	check_int(region.end, 0x7f0000001000);
	check_int(region.resident, 0);
	region.size = 8;
	check_int(mlocktrace_region(&regions, 0, &region), -EINVAL);
	check_int(mlocktrace_region(&regions, 1, &region), -ENOENT);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(only_locked_mappings_are_listed),
		KTAP_TEST(what_is_never_charged_is_summed),
		KTAP_TEST(names_tell_the_backing),
		KTAP_TEST(what_is_not_smaps_is_refused),
		KTAP_TEST(status_tells_the_charge),
		KTAP_TEST(limits_tell_the_limit),
		KTAP_TEST(a_page_frame_counts_once),
		KTAP_TEST(this_process_is_read),
		KTAP_TEST(who_is_not_there_is_told),
		KTAP_TEST(smaller_structs_of_older_programs_are_served),
	};
	int status = ktap_run(tests, KTAP_SIZE(tests));

	mlt_smaps_forget(&regions);
	free(regions.list);
	return status;
}
