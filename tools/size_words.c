// SPDX-License-Identifier: GPL-2.0
/*
 * The lines to set, in the unit of each place, and what has to be known about
 * the figure in them.
 */
#include <inttypes.h>
#include <stdarg.h>

#include "message.h"
#include "size_print.h"

bool size_is_incomplete(const struct size_view *view)
{
	const struct mlocktrace_stats *stats = view->stats;

	return view->size->lost || stats->dropped || stats->untracked || view->size->out_of_memory ||
	       (stats->missed && view->skips_calls);
}

/* bytes, or KiB rounded up, since a limit that is cut off is too small */
static void bytes_and_kib(uint64_t need, const char *none, char bytes[32], char kib[32])
{
	snprintf(bytes, 32, need == MLOCKTRACE_UNLIMITED ? "%s" : "%.0s%" PRIu64, none, need);
	snprintf(kib, 32, need == MLOCKTRACE_UNLIMITED ? "unlimited" : "%" PRIu64,
		 need / 1024 + (need % 1024 != 0));
}

void size_lines(const struct size_view *view, struct size_line lines[SIZE_LINES])
{
	uint64_t need = size_need(view->size);
	char bytes[32], container[32], kib[32];

	lines[0] = (struct size_line){ "systemd", "systemd" };
	lines[1] = (struct size_line){ "docker", "docker" };
	lines[2] = (struct size_line){ "podman", "podman" };
	lines[3] = (struct size_line){ "limits.conf", "limits_conf" };
	lines[4] = (struct size_line){ "prlimit", "prlimit" };
	lines[5] = (struct size_line){ "ulimit", "ulimit" };
	bytes_and_kib(need, "infinity", bytes, kib);
	snprintf(lines[0].text, sizeof(lines->text), "LimitMEMLOCK=%s", bytes);
	bytes_and_kib(need, "-1", container, kib);
	snprintf(lines[1].text, sizeof(lines->text), "--ulimit memlock=%s:%s", container, container);
	snprintf(lines[2].text, sizeof(lines->text), "--ulimit memlock=%s:%s", container, container);
	snprintf(lines[3].text, sizeof(lines->text), "%s - memlock %s", view->user, kib);
	bytes_and_kib(need, "unlimited", bytes, kib);
	snprintf(lines[4].text, sizeof(lines->text), "prlimit --memlock=%s:%s", bytes, bytes);
	snprintf(lines[5].text, sizeof(lines->text), "ulimit -l %s", kib);
}

struct teller {
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

static void PRINTF_LIKE(2, 3) tell(const struct teller *teller, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	teller->say(teller->ctx, text);
}

static void tell_refusals(const struct size *size, const struct teller *teller)
{
	char comm[4 * MLOCKTRACE_COMM_LEN + 1], why[1024];
	const struct mlocktrace_event *event = &size->first_refused;

	if (!size->refused)
		return;
	mlocktrace_escape(comm, sizeof(comm), event->comm, sizeof(event->comm));
	mlocktrace_explain(event, why, sizeof(why));
	tell(teller, "%" PRIu64 " call%s still refused for a limit, so what would have come after is not in "
	     "the figure; the first: %s of %s[%u]: %s", size->refused,
	     size->refused == 1 ? " was" : "s were", mlocktrace_op_name(event->op), comm, event->pid, why);
}

static void tell_own_limits(const struct size *size, const struct teller *teller)
{
	const struct mlocktrace_event *event = &size->own_limit;
	char comm[4 * MLOCKTRACE_COMM_LEN + 1], soft[24], hard[24];

	if (!size->own_limits)
		return;
	mlocktrace_escape(comm, sizeof(comm), event->comm, sizeof(event->comm));
	tell(teller, "the command sets limits itself (%" PRIu64 " time%s, last %s[%u]: soft %s, hard %s), and "
	     "what it set is what it was held to from then on", size->own_limits,
	     size->own_limits == 1 ? "" : "s", comm, event->pid,
	     event->limit == MLOCKTRACE_UNLIMITED ? "unlimited" : size_text(soft, event->limit),
	     event->hard_limit == MLOCKTRACE_UNLIMITED ? "unlimited" : size_text(hard, event->hard_limit));
}

static void widest(void *ctx, const struct size_row *row)
{
	uint64_t *most = ctx;

	if (row->at_most > *most)
		*most = row->at_most;
}

static void tell_uncertainty(const struct size *size, const struct teller *teller)
{
	uint64_t most = 0;
	char text[24];

	size_each(size, widest, &most);
	if (most > size_need(size))
		tell(teller, "mlock was called on memory of which a part was not charged: taken to be locked "
		     "already. If it was huge pages or memory of a device, which count in the test, up to "
		     "%" PRIu64 " bytes (%s) are needed", most, size_text(text, most));
}

static void tell_losses(const struct size_view *view, const struct teller *teller)
{
	uint64_t lost = view->size->lost > view->stats->dropped ? view->size->lost : view->stats->dropped;

	if (!size_is_incomplete(view))
		return;
	if (lost)
		tell(teller, "%" PRIu64 " records were lost: the figure is a lower bound; give a larger "
		     "--buffer", lost);
	else
		tell(teller, "some calls were not seen: the figure is a lower bound");
}

void size_remarks(const struct size_view *view, void (*say)(void *ctx, const char *text), void *ctx)
{
	const struct teller teller = { .say = say, .ctx = ctx };
	const struct size *size = view->size;
	char hard[24];

	tell_losses(view, &teller);
	tell_refusals(size, &teller);
	if (view->hard_limit < SIZE_NO_LIMIT)
		tell(&teller, "its limit could only be raised to its hard limit of %s, for want of "
		     "CAP_SYS_RESOURCE%s", size_text(hard, view->hard_limit),
		     size->refused ? ": be root, or raise the hard limit" : "; that was enough");
	tell_own_limits(size, &teller);
	tell_uncertainty(size, &teller);
	if (size->failed)
		tell(&teller, "%" PRIu64 " call%s failed for other reasons than the limit: see " TOOL " -f -x",
		     size->failed, size->failed == 1 ? "" : "s");
	if (view->capable)
		tell(&teller, "the command had CAP_IPC_LOCK, so that io_uring, AF_XDP and zero-copy sends were "
		     "not counted; with --as USER it is measured as it runs without");
}
