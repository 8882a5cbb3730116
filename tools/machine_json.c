// SPDX-License-Identifier: GPL-2.0
/*
 * Locked memory of the machine for programs: an object for each process, and a
 * last one with the sums.
 */
#include "json.h"
#include "regions.h"

void machine_print_json(const struct mlocktrace_regions_total *total, FILE *out)
{
	struct json_object *object = json_object_new_object();
	bool known = total->mappings_known;

	json_put_uint(object, "pid", total->pid);
	json_put_escaped(object, "comm", total->comm, sizeof(total->comm));
	json_put_uint(object, "uid", total->uid);
	json_put_known(object, "regions", total->n_regions, known);
	json_put_known(object, "locked", total->locked, known);
	json_put_known(object, "on_fault", total->on_fault, known);
	json_put_uint(object, "vmlck", total->vmlck);
	json_put_known(object, "uncharged", total->uncharged, known);
	json_put_known(object, "unlocked", total->unlocked, known);
	json_put_known(object, "resident", total->resident, known);
	json_put_known(object, "swapped", total->swapped, known);
	json_put_known(object, "present", total->present, total->pages_known);
	json_put_known(object, "unique", total->unique, total->unique_known);
	json_put_bool(object, "moving", total->moving);
	json_print(out, object);
}

void machine_print_json_sums(const struct mlocktrace_machine *machine, FILE *out)
{
	struct json_object *object = json_object_new_object();

	json_put_uint(object, "processes", machine->n_processes);
	json_put_uint(object, "hidden", machine->n_hidden);
	json_put_uint(object, "hidden_vmlck", machine->hidden_vmlck);
	json_put_uint(object, "locked", machine->locked);
	json_put_uint(object, "on_fault", machine->on_fault);
	json_put_uint(object, "vmlck", machine->vmlck);
	json_put_uint(object, "uncharged", machine->uncharged);
	json_put_uint(object, "unlocked", machine->unlocked);
	json_put_uint(object, "resident", machine->resident);
	json_put_uint(object, "swapped", machine->swapped);
	json_put_known(object, "present", machine->present, machine->pages_known);
	json_put_known(object, "unique", machine->unique, machine->unique_known);
	json_put_uint(object, "mlocked_before", machine->mlocked_before);
	json_put_uint(object, "mlocked", machine->mlocked);
	json_put_known(object, "marked", machine->marked, machine->marks_known);
	json_put_known(object, "marked_locked", machine->marked_locked, machine->marks_known);
	json_put_known(object, "marked_elsewhere", machine->marked - machine->marked_locked,
		       machine->marks_known);
	json_put_known(object, "unmarked", machine->unique - machine->marked_locked,
		       machine->marks_known);
	json_put_known(object, "unmarked_zero", machine->unmarked_zero, machine->marks_known);
	json_put_known(object, "unmarked_large", machine->unmarked_large, machine->marks_known);
	json_put_uint(object, "unevictable", machine->unevictable);
	json_put_uint(object, "hugetlb", machine->hugetlb);
	json_print(out, object);
}
