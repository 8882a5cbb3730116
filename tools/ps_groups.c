// SPDX-License-Identifier: GPL-2.0
/*
 * Processes of `ps`, added up by unit or by cgroup. An address space that several
 * processes have counts once, for the first of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ps.h"

static void move_text(struct ps_row *to, struct ps_row *from, enum ps_column_id id)
{
	to->cells[id] = from->cells[id];
	from->cells[id].text = NULL;
}

static void count(struct ps_row *to, const struct ps_row *from, enum ps_column_id id)
{
	to->cells[id].known |= from->cells[id].known;
	to->cells[id].value += from->cells[id].value;
}

static void add(struct ps_row *group, const struct ps_row *process)
{
	bool holds = process->cells[PS_LOCKED].value || process->cells[PS_PINNED].value;

	group->cells[PS_N_PROCESSES].value++;
	group->cells[PS_N_HOLDERS].value += holds;
	count(group, process, PS_REFUSALS);
	if (process->cells[PS_SHARES].value)
		return;
	count(group, process, PS_LOCKED);
	count(group, process, PS_PINNED);
}

static bool same_text(const struct ps_cell *a, const struct ps_cell *b)
{
	return a->known == b->known && (!a->known || !strcmp(a->text, b->text));
}

static struct ps_row *begin(struct ps_rows *groups, struct ps_row *process, enum ps_column_id by)
{
	struct ps_row *group = ps_rows_add(groups);

	if (!group)
		return NULL;
	move_text(group, process, by);
	move_text(group, process, PS_UNIT_KIND);
	group->cells[PS_N_PROCESSES].known = true;
	group->cells[PS_N_HOLDERS].known = true;
	group->cells[PS_LOCKED].known = true;
	group->cells[PS_PINNED].known = true;
	return group;
}

int ps_group_rows(struct ps_rows *rows, enum ps_view view)
{
	enum ps_column_id by = view == PS_UNITS ? PS_UNIT : PS_CGROUP;
	struct ps_rows groups = { .view = view, .filtered = rows->filtered };
	struct ps_row *group = NULL;

	ps_sort(rows, by);
	for (size_t i = 0; i < rows->n; i++) {
		struct ps_row *process = &rows->list[i];

		if (!group || !same_text(&group->cells[by], &process->cells[by]))
			group = begin(&groups, process, by);
		if (!group) {
			ps_rows_free(&groups);
			return -ENOMEM;
		}
		add(group, process);
	}
	ps_rows_free(rows);
	*rows = groups;
	return 0;
}
