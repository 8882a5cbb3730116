// SPDX-License-Identifier: GPL-2.0
/*
 * top: who holds locked memory and who is refused it, live, on a terminal or in batch mode.
 */
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "ps.h"
#include "top.h"
#include "values.h"
#include "words.h"

#define DEFAULT_INTERVAL_NS 2000000000ULL

int top_cannot_look(int err)
{
	error("cannot look at the processes: %s", strerror(-err));
	return STATUS_FAILED;
}

uint64_t top_next_round(uint64_t due_ns, uint64_t now_ns, uint64_t interval_ns)
{
	return due_ns + interval_ns > now_ns ? due_ns + interval_ns : now_ns + interval_ns;
}

int top_timeout_ms(uint64_t due_ns, uint64_t now_ns)
{
	uint64_t ms = due_ns > now_ns ? (due_ns - now_ns + 999999) / 1000000 : 0;

	return ms > 3600000 ? 3600000 : (int)ms;
}

static int unknown_key(const struct command *command, enum ps_view view, const char *key)
{
	char keys[256] = "";
	size_t n = 0;

	for (int id = 0; id < TOP_COLUMNS; id++)
		if (top_columns[id].views & view && top_columns[id].key)
			n += (size_t)snprintf(keys + n, sizeof(keys) - n, "%s%s", n ? ", " : "",
					      top_columns[id].key);
	return usage(command, "nothing here is called \"%s\" to sort by; there are: %s", key, keys);
}

static int check_terminal(const struct command *command, const struct options *o)
{
	if (o->batch)
		return STATUS_OK;
	if (o->json)
		return usage(command, "--json is for programs: give -b, too");
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return STATUS_OK;
	error("this is no terminal; give -b for lines of text, or -b --json for programs");
	return STATUS_FAILED;
}

const char *top_view_word(size_t i)
{
	static const char *const views[] = { "process", "user" };

	return WORD_AT(views, i);
}

/* What makes no sense, before anything is loaded: 0 or the exit status. */
static int check_options(const struct options *o, struct top_order *order)
{
	const struct command *command = command_by_bit(ON_TOP);
	char words[64];
	int status;

	if (o->n_operands)
		return usage(command, "\"%s\" is one word too many (for a process: -p PID)", o->operands[0]);
	if (o->by && word_index(top_view_word, o->by) == NO_WORD)
		return usage(command, "--by %s: there are %s", o->by,
			     words_text(top_view_word, words, sizeof(words)));
	order->view = o->by && !strcmp(o->by, "user") ? PS_USERS : PS_PROCESSES;
	order->sort = o->sort ? top_column_by_key(order->view, o->sort) : TOP_LOCKED;
	if (order->sort == TOP_COLUMNS)
		return unknown_key(command, order->view, o->sort);
	if (source_is_recording(o))
		return usage(command, "--source %s: there are auto, bpf and kmod", o->source);
	if (o->no_trace && (o->source || o->tier || o->btf || o->buffer_bytes))
		return usage(command, "--no-trace: then there is nothing to choose about tracing");
	status = ps_check_method(command, o->method);
	return status ? status : check_terminal(command, o);
}

int cmd_top(struct options *o)
{
	struct top_source source;
	struct top_view view = { .order.idle = o->all };
	int status = check_options(o, &view.order);

	if (status)
		return status;
	if (ps_find_cgroup(o))
		return STATUS_FAILED;
	if (!o->interval_ns)
		o->interval_ns = DEFAULT_INTERVAL_NS;
	/* Only for characters: numbers stay as programs read them. */
	setlocale(LC_CTYPE, "");
	status = top_source_open(&source, o);
	if (!status)
		status = o->batch ? top_in_batch(&source, &view) : top_on_screen(&source, &view);
	top_view_free(&view);
	top_source_close(&source);
	return status;
}
