// SPDX-License-Identifier: GPL-2.0
/*
 * ps: who holds locked memory now, in one look: processes, or what they add up to for
 * users, units and cgroups. The facts come from the library's snapshot.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "message.h"
#include "options.h"
#include "ps.h"
#include "values.h"
#include "words.h"
#include "wrap.h"

static const struct view {
	const char *name;
	enum ps_view view;
} views[] = {
	{ "process", PS_PROCESSES },
	{ "user", PS_USERS },
	{ "unit", PS_UNITS },
	{ "cgroup", PS_CGROUPS },
};

const char *ps_view_word(size_t i)
{
	return i < sizeof(views) / sizeof(views[0]) ? views[i].name : NULL;
}

static bool choose_view(const char *name, enum ps_view *view)
{
	size_t i = name ? word_index(ps_view_word, name) : 0;

	if (i == NO_WORD)
		return false;
	*view = views[i].view;
	return true;
}

static int unknown_key(const struct command *command, enum ps_view view, const char *key)
{
	char keys[512] = "";
	size_t n = 0;

	for (size_t i = 0; i < PS_COLUMNS; i++)
		if (ps_columns[i].views & view)
			n += (size_t)snprintf(keys + n, sizeof(keys) - n, "%s%s", n ? ", " : "",
					      ps_columns[i].key);
	return usage(command, "nothing here is called \"%s\" to sort by; there are: %s", key, keys);
}

/* What makes no sense, before anything is loaded: 0 or the exit status. */
static int check_options(const struct options *o, enum ps_view *view, enum ps_column_id *sort)
{
	const struct command *command = command_by_bit(ON_PS);
	bool of_processes = o->n_pids || o->comm || o->cgroup;
	char words[128];

	if (o->n_operands)
		return usage(command, "\"%s\" is one word too many (for a process: -p PID)", o->operands[0]);
	if (!choose_view(o->by, view))
		return usage(command, "--by %s: there are %s", o->by,
			     words_text(ps_view_word, words, sizeof(words)));
	if (*view == PS_USERS && of_processes)
		return usage(command, "--by user shows the counters of users as a whole: of the filters it "
			     "takes -u only");
	*sort = o->sort ? ps_column_by_key(*view, o->sort) : PS_LOCKED;
	if (*sort == PS_COLUMNS)
		return unknown_key(command, *view, o->sort);
	return ps_check_method(command, o->method);
}

/* Every process that was named is there, or it is said. */
static int check_pids(const struct options *o, const struct ps_rows *rows)
{
	int missing = 0;

	for (size_t i = 0; i < o->n_pids; i++) {
		bool found = false;

		for (size_t r = 0; r < rows->n && !found; r++)
			found = rows->list[r].cells[PS_PID].value == (uint64_t)o->pids[i];
		if (found)
			continue;
		error("no process %d with memory of its own; `ps -e` lists the processes there are", o->pids[i]);
		missing++;
	}
	return missing ? STATUS_FAILED : STATUS_OK;
}

static int output_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return WRAP_WIDTH;
}

static int cannot_show(int err)
{
	error("cannot show what is locked: %s", strerror(-err));
	return STATUS_FAILED;
}

static int show(struct options *o, enum ps_view view, enum ps_column_id sort,
		const struct mlocktrace_snapshot *snapshot)
{
	struct ps_rows rows = { .view = view & PS_GROUPS ? PS_PROCESSES : view };
	int err = ps_rows_fill(&rows, o, snapshot);
	int status = err ? cannot_show(err) : check_pids(o, &rows);

	err = rows.n && view & PS_GROUPS ? ps_group_rows(&rows, view) : 0;
	if (err)
		status = cannot_show(err);
	rows.view = view;
	if (o->sort || view != PS_PROCESSES)
		ps_sort(&rows, sort);
	if (o->json) {
		ps_print_json(&rows, stdout);
		ps_print_json_total(snapshot, stdout);
	} else {
		if (rows.n)
			ps_print_text(&rows, output_width(), color_wanted(o, STDOUT_FILENO), stdout);
		ps_print_text_total(&rows, snapshot, stdout);
	}
	ps_rows_free(&rows);
	return status;
}

int cmd_ps(struct options *o)
{
	struct mlocktrace_snapshot_opts opts = { .size = sizeof(opts) };
	struct mlocktrace_snapshot *snapshot;
	enum ps_column_id sort = PS_LOCKED;
	enum ps_view view = PS_PROCESSES;
	int err, status = check_options(o, &view, &sort);

	if (status)
		return status;
	if (ps_find_cgroup(o))
		return STATUS_FAILED;
	opts.method = o->method;
	/* Who names a process wants to see it, whatever it holds. */
	opts.everyone = o->all || o->n_pids;
	if (mlocktrace_snapshot_new(&snapshot, &opts)) {
		error("%s", mlocktrace_open_error());
		return STATUS_FAILED;
	}
	err = mlocktrace_snapshot_take(snapshot);
	if (err) {
		error("cannot look at the processes: %s", strerror(-err));
		status = STATUS_FAILED;
	} else {
		if (mlocktrace_snapshot_blind(snapshot)[0])
			note("by files of /proc, which do not show %s; be root to see all",
			     mlocktrace_snapshot_blind(snapshot));
		status = show(o, view, sort, snapshot);
	}
	mlocktrace_snapshot_free(snapshot);
	return flush_stdout(status);
}
