/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Addresses to names. Decides who knows an address: the recording that a
 * record came from, the living process, or the running kernel. Names come from
 * files that the traced process controls, so every one is escaped.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

struct mlocktrace_symbols {
	const struct mlocktrace *source; /* whose records a writer resolves now, NULL = not known */
	struct mlt_user_symbols *user;
	struct mlt_kernel_symbols *kernel; /* half a million lines, read once */
	bool kernel_tried;
};

MLT_API int mlocktrace_symbols_new(struct mlocktrace_symbols **out_symbols)
{
	struct mlocktrace_symbols *symbols = calloc(1, sizeof(*symbols));
	int err;

	if (!symbols)
		return -ENOMEM;
	err = mlt_user_symbols_new(&symbols->user);
	if (err) {
		free(symbols);
		return err;
	}
	*out_symbols = symbols;
	return 0;
}

MLT_API void mlocktrace_symbols_free(struct mlocktrace_symbols *symbols)
{
	if (!symbols)
		return;
	mlt_user_symbols_free(symbols->user);
	mlt_kernel_symbols_free(symbols->kernel);
	free(symbols);
}

static void need_kernel(struct mlocktrace_symbols *symbols)
{
	if (!symbols->kernel_tried)
		mlt_kernel_symbols_new(&symbols->kernel);
	symbols->kernel_tried = true;
}

/* A live source's processes may be gone while the kernel's table is read: it is read before. */
void mlt_symbols_bind(struct mlocktrace_symbols *symbols, const struct mlocktrace *source)
{
	symbols->source = source;
	if (source && source->source->live)
		need_kernel(symbols);
}

/* The i-th name stored for the current record of a recording; NULL = none was. */
static const char *stored_name(const struct mlocktrace *source, const struct mlocktrace_event *event,
			       size_t i)
{
	const char *names = source->frame_names;
	size_t left = source->frame_names_size;

	/* A copy of the record is as good as the record, but another record is not. */
	if (!names || memcmp(event, source->current, sizeof(*event)))
		return NULL;
	for (;;) {
		size_t n = strnlen(names, left);

		if (n == left)
			return NULL; /* not terminated */
		if (!i--)
			return n ? names : NULL;
		names += n + 1;
		left -= n + 1;
	}
}

static void look_up(struct mlocktrace_symbols *symbols, const struct mlocktrace_event *event, size_t i,
		    uint64_t address, struct mlt_place *place)
{
	bool in_kernel = i >= event->n_user;
	/* All but the innermost are return addresses, which may lie behind the caller's end. */
	uint64_t inside = i && i != event->n_user && address ? address - 1 : address;

	if (!in_kernel) {
		mlt_user_symbol(symbols->user, event, inside, place);
	} else {
		need_kernel(symbols);
		if (symbols->kernel)
			mlt_kernel_symbol(symbols->kernel, inside, place);
	}
	place->offset += address - inside;
}

static int place_text(const struct mlt_place *place, uint64_t address, char *buf, size_t size)
{
	char function[400], module[100];

	if (!place->module)
		return snprintf(buf, size, "0x%" PRIx64, address);
	mlocktrace_escape(module, sizeof(module), place->module, SIZE_MAX);
	if (!place->function)
		return snprintf(buf, size, "[unknown] (%s)", module);
	mlocktrace_escape(function, sizeof(function), place->function, SIZE_MAX);
	return snprintf(buf, size, "%s+0x%" PRIx64 " (%s)", function, place->offset, module);
}

MLT_API int mlocktrace_symbol(struct mlocktrace_symbols *symbols, const struct mlocktrace_event *event,
			      size_t i, char *buf, size_t size)
{
	size_t n_user, n_kernel;
	const uint64_t *stack = mlocktrace_event_user_stack(event, &n_user);
	const struct mlocktrace *source = symbols->source;
	struct mlt_place place = { 0 };
	const char *stored;

	mlocktrace_event_kernel_stack(event, &n_kernel);
	if (i >= n_user + n_kernel)
		return snprintf(buf, size, "%s", "");
	if (source && source->source == &mlt_source_file) {
		stored = stored_name(source, event, i);
		if (stored)
			return mlt_escape(buf, size, stored, SIZE_MAX, true);
	} else {
		/* Never for a recording: its processes and its kernel are not the ones here. */
		look_up(symbols, event, i, stack[i], &place);
	}
	return place_text(&place, stack[i], buf, size);
}

/* How the way from a hooked function to our program begins, tier by tier. */
static bool is_tracer(const char *name)
{
	static const char *const own[] = {
		"bpf_prog_", "bpf_trampoline", "bpf_trace_run", "__bpf_trace_", "__traceiter_",
		"trace_call_bpf", "kprobe_", "kretprobe_", "__kretprobe", "aggr_pre_handler",
		"opt_pre_handler", "optimized_callback", "ftrace_", "arch_ftrace", "trampoline_handler",
		"rethook_", "arch_rethook", "fprobe_",
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (!strncmp(name, own[i], strlen(own[i])))
			return true;
	}
	return false;
}

size_t mlt_symbols_tracer_frames(struct mlocktrace_symbols *symbols,
				 const struct mlocktrace_event *event)
{
	size_t n_user, n_kernel, own = 0;
	char name[512];

	mlocktrace_event_user_stack(event, &n_user);
	mlocktrace_event_kernel_stack(event, &n_kernel);
	for (size_t i = 0; i < n_kernel; i++) {
		mlocktrace_symbol(symbols, event, n_user + i, name, sizeof(name));
		if (is_tracer(name))
			own = i + 1;
	}
	return own;
}
