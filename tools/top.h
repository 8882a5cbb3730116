/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two ways to run `top`, once it is known what is wanted. Both return an exit status.
 */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include "top_source.h"
#include "top_view.h"

/* top_screen.c */
int top_on_screen(struct top_source *source, struct top_view *view);

/* top_batch.c */
int top_in_batch(struct top_source *source, struct top_view *view);

/* top_json.c: a round as one line */
void top_print_json(FILE *out, const struct top_source *source, const struct top_view *view);

/* A snapshot could not be taken. */
int top_cannot_look(int err);

/* When the next round is due: after the last one was, unless that is past already. */
uint64_t top_next_round(uint64_t due_ns, uint64_t now_ns, uint64_t interval_ns);
/* For poll() */
int top_timeout_ms(uint64_t due_ns, uint64_t now_ns);

#endif
