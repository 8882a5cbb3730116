// SPDX-License-Identifier: GPL-2.0
/*
 * Locked ranges for people: a line for each, under it who locked it, and at the
 * end the sums with what makes them differ. Within 100 columns.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "message.h"
#include "regions.h"
#include "wrap.h"

#define PATH_AT 71
#define NAME_COLUMN 16

#define YELLOW "\033[33m"
#define DIM "\033[2m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static void color_on(const struct regions_view *view, FILE *out, const char *color)
{
	if (view->color)
		fputs(color, out);
}

/* At most @room bytes of escaped text, the end of it: that of a path tells most. */
static const char *tail(char *text, size_t room)
{
	size_t len = strlen(text);

	if (len <= room)
		return text;
	text += len - room + 1;
	/* Not from the middle of a character. */
	while (((unsigned char)*text & 0xc0) == 0x80)
		text++;
	*--text = '~';
	return text;
}

static const char *of_pages(char buf[24], uint64_t bytes, bool known)
{
	return known ? size_text(buf, bytes) : "-";
}

static void print_region(const struct regions_view *view, FILE *out,
			 const struct mlocktrace_region *region)
{
	char range[48], path[4 * 4096], size[24], resident[24], share[24], unique[24];
	const char *backing = mlocktrace_backing_name(region->backing);
	int at;

	snprintf(range, sizeof(range), "%" PRIx64 "-%" PRIx64, region->start, region->end);
	mlocktrace_escape(path, sizeof(path), region->path, strlen(region->path));
	at = fprintf(out, "%-25s %8s %8s %8s %8s  %-7s ", range,
		     size_text(size, region->end - region->start), size_text(resident, region->resident),
		     size_text(share, region->share),
		     of_pages(unique, region->unique, view->total.unique_known),
		     region->on_fault ? "onfault" : "full");
	fprintf(out, "%s\n", *path ? tail(path, WRAP_WIDTH - (at > PATH_AT ? at : PATH_AT)) : backing);
}

/* A full lock faults everything in; what is missing could not be. */
static void print_holes(const struct regions_view *view, FILE *out,
			const struct mlocktrace_region *region)
{
	uint64_t there = region->present > region->resident ? region->present : region->resident;
	uint64_t bytes = region->end - region->start, missing = there < bytes ? bytes - there : 0;
	char text[256], size[24];

	if (!missing || (region->on_fault && !region->swapped))
		return;
	if (region->swapped)
		snprintf(text, sizeof(text), "%s is in swap, and is locked once it is touched",
			 size_text(size, region->swapped));
	else
		snprintf(text, sizeof(text), "%s is locked but not in RAM: it could not be faulted in "
			 "(PROT_NONE, past the end of the file, no memory), or was thrown away",
			 size_text(size, missing));
	color_on(view, out, YELLOW);
	wrap(out, 0, 4, text);
	color_on(view, out, PLAIN);
}

/* The record's clock stands still in suspend, as the one here does. */
static void time_text(char *buf, size_t size, uint64_t time_ns)
{
	struct timespec mono, real;
	struct tm tm;
	int64_t ago;
	time_t then;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	ago = (mono.tv_sec * 1000000000LL + mono.tv_nsec - (int64_t)time_ns) / 1000000000;
	then = real.tv_sec - ago;
	if (!localtime_r(&then, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(buf, size, "%" PRId64 " s ago", ago);
}

static void print_stack(const struct regions_view *view, FILE *out, const struct mlocktrace_lock *lock)
{
	char frame[1024];

	color_on(view, out, DIM);
	for (size_t i = 0; i < lock->n_frames; i++) {
		snprintf(frame, sizeof(frame), "%s", lock->frames[i]);
		fprintf(out, "        %s\n", tail(frame, WRAP_WIDTH - 8));
	}
	color_on(view, out, PLAIN);
}

/* Who locked the part of a region that begins at lock->start. @last: whose stack stands above. */
static void print_lock(const struct regions_view *view, FILE *out, const struct mlocktrace_lock *lock,
		       bool whole, const struct mlocktrace_event **last)
{
	const struct mlocktrace_event *event = lock->event;
	char text[1024], comm[4 * MLOCKTRACE_COMM_LEN + 1], when[64], range[64] = "";

	if (!whole)
		snprintf(range, sizeof(range), "%" PRIx64 "-%" PRIx64 " ", lock->start, lock->end);
	if (event) {
		mlocktrace_escape(comm, sizeof(comm), event->comm, sizeof(event->comm));
		time_text(when, sizeof(when), event->time_ns);
		snprintf(text, sizeof(text), "%sby %s at %s, by %s (thread %u)%s", range, lock->call, when,
			 comm, event->tid,
			 lock->n_frames && event == *last ? ", stack as above" : "");
	} else {
		snprintf(text, sizeof(text), "%sby no call in the recording: locked before it began, or "
			 "moved since", range);
	}
	wrap(out, 0, 4, text);
	if (event && event != *last)
		print_stack(view, out, lock);
	if (event)
		*last = event;
}

static void print_locks(const struct regions_view *view, FILE *out,
			const struct mlocktrace_region *region, const struct mlocktrace_event **last)
{
	struct mlocktrace_lock lock = { .size = sizeof(lock) };

	for (uint64_t at = region->start; at < region->end; at = lock.end) {
		mlocktrace_history_at(view->history, at, &lock);
		lock.start = at;
		if (lock.end > region->end)
			lock.end = region->end;
		print_lock(view, out, &lock, at == region->start && lock.end == region->end, last);
	}
}

static void line(FILE *out, const char *name, const char *text)
{
	wrap(out, fprintf(out, "%s", name), NAME_COLUMN, text);
}

static void print_charge(const struct mlocktrace_regions_total *total, FILE *out)
{
	char text[512], a[24], b[24];

	snprintf(text, sizeof(text), "%s in %zu range%s, %s of it on fault", size_text(a, total->locked),
		 total->n_regions, total->n_regions == 1 ? "" : "s", size_text(b, total->on_fault));
	line(out, "locked", text);
	snprintf(text, sizeof(text), "%s charged%s", size_text(a, total->vmlck),
		 total->uncharged || total->unlocked ? "" : ", the same");
	line(out, "VmLck", text);
	if (total->unlocked) {
		snprintf(text, sizeof(text), "charged but not locked: %s (memory pinned for a device, as by "
			 "VFIO; or mremap with MREMAP_DONTUNMAP, where the kernel keeps the charge of the "
			 "old place, which is no longer locked)", size_text(a, total->unlocked));
		line(out, "", text);
	}
	if (total->uncharged) {
		snprintf(text, sizeof(text), "locked but not charged: %s (the kernel lost count, or the "
			 "mappings changed while they were read)", size_text(a, total->uncharged));
		line(out, "", text);
	}
	if (total->hugetlb) {
		snprintf(text, sizeof(text), "never charged: %s of huge pages, which stay in RAM anyway",
			 size_text(a, total->hugetlb));
		line(out, "", text);
	}
}

static void print_pages(const struct mlocktrace_regions_total *total, FILE *out)
{
	uint64_t there = total->present > total->resident ? total->present : total->resident;
	char text[512], a[24], b[24];
	int n = snprintf(text, sizeof(text), "%s", size_text(a, total->resident));

	if (there > total->resident)
		n += snprintf(text + n, sizeof(text) - n, ", and %s that is read as zeros from one page",
			      size_text(a, there - total->resident));
	if (total->locked > there)
		snprintf(text + n, sizeof(text) - n, "; %s is not in RAM, %s of that in swap",
			 size_text(a, total->locked - there), size_text(b, total->swapped));
	line(out, "resident", text);
	if (!total->unique_known) {
		snprintf(text, sizeof(text), "not known: page frames are shown to CAP_SYS_ADMIN only; "
			 "the share by smaps (Pss) is %s", size_text(a, total->share));
	} else {
		n = snprintf(text, sizeof(text), "%s of RAM", size_text(a, total->unique));
		if (total->present > total->unique)
			snprintf(text + n, sizeof(text) - n, "; %s is the same pages mapped again, which "
				 "count again against the limit", size_text(b, total->present - total->unique));
	}
	line(out, "unique", text);
}

static void print_limit(const struct mlocktrace_regions_total *total, FILE *out)
{
	char text[512], soft[24], hard[24], left[24];
	int n;

	if (total->limit == MLOCKTRACE_UNLIMITED) {
		line(out, "limit", "unlimited");
		return;
	}
	n = snprintf(text, sizeof(text), "%s soft, %s hard: ", size_text(soft, total->limit),
		     total->hard_limit == MLOCKTRACE_UNLIMITED ? "unlimited" :
								  size_text(hard, total->hard_limit));
	if (total->vmlck > total->limit)
		n += snprintf(text + n, sizeof(text) - n, "%s above it",
			      size_text(left, total->vmlck - total->limit));
	else
		n += snprintf(text + n, sizeof(text) - n, "%s left",
			      size_text(left, total->limit - total->vmlck));
	snprintf(text + n, sizeof(text) - n, "%s", total->capable ?
		 "; does not hold for this process, which has CAP_IPC_LOCK" : ", without CAP_IPC_LOCK");
	line(out, "limit", text);
}

static void print_recorded(const struct regions_view *view, FILE *out)
{
	uint64_t known = regions_known_bytes(view);
	char text[512], a[24], b[24], name[256];

	mlocktrace_escape(name, sizeof(name), view->recording, strlen(view->recording));
	snprintf(text, sizeof(text), "%s of the locked by calls in %s, %s by none of them",
		 size_text(a, known), name, size_text(b, view->total.locked - known));
	line(out, "recorded", text);
}

void regions_print_text(const struct regions_view *view, FILE *out)
{
	struct mlocktrace_region region = { .size = sizeof(region) };
	const struct mlocktrace_event *last = NULL;
	char comm[4 * MLOCKTRACE_COMM_LEN + 1];

	if (view->total.n_regions) {
		color_on(view, out, BOLD);
		fprintf(out, "%-25s %8s %8s %8s %8s  %-7s %s", "ADDRESS", "SIZE", "RESIDENT", "PSS",
			"UNIQUE", "LOCK", "WHAT");
		color_on(view, out, PLAIN);
		fputc('\n', out);
	}
	for (size_t i = 0; !mlocktrace_region(view->regions, i, &region); i++) {
		print_region(view, out, &region);
		print_holes(view, out, &region);
		if (view->history)
			print_locks(view, out, &region, &last);
	}
	mlocktrace_escape(comm, sizeof(comm), view->total.comm, sizeof(view->total.comm));
	fprintf(out, "%sprocess %d (%s)\n", view->total.n_regions ? "\n" : "", view->total.pid, comm);
	print_charge(&view->total, out);
	print_pages(&view->total, out);
	print_limit(&view->total, out);
	if (view->history)
		print_recorded(view, out);
}
