// SPDX-License-Identifier: GPL-2.0
/*
 * regions -a: what all processes have locked, and how that comes to the Mlocked
 * of the machine.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "options.h"
#include "regions.h"
#include "values.h"

#define PATIENCE_SECONDS 1

struct printer {
	const struct options *o;
	bool color;
	bool begun;
};

static int print_process(void *ctx, const struct mlocktrace_regions_total *total)
{
	struct printer *printer = ctx;

	if (printer->o->json)
		machine_print_json(total, stdout);
	else
		machine_print_text(total, !printer->begun, printer->color, stdout);
	printer->begun = true;
	return 0;
}

static void still_reading(int signal_number)
{
	static const char text[] = TOOL ": still reading; a machine with much memory has many page "
				   "frames to look at\n";

	(void)signal_number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return;
}

/* Who waits at a terminal is told after a second what for. */
static void begin_patience(const struct options *o)
{
	struct sigaction action = { .sa_handler = still_reading, .sa_flags = SA_RESTART };

	if (!o->quiet && isatty(STDERR_FILENO) && !sigaction(SIGALRM, &action, NULL))
		alarm(PATIENCE_SECONDS);
}

int regions_of_machine(struct options *o)
{
	const struct command *command = command_by_bit(ON_REGIONS);
	struct printer printer = { .o = o, .color = color_wanted(o, STDOUT_FILENO) };
	struct mlocktrace_machine machine = { .size = sizeof(machine) };
	int err;

	if (o->n_operands)
		return usage(command, "-a is every process: \"%s\" is one too many", o->operands[0]);
	if (o->input)
		return usage(command, "-a takes no recording: -i tells of one process, give its PID");
	begin_patience(o);
	err = mlocktrace_regions_machine(&machine, print_process, &printer);
	alarm(0);
	if (err) {
		error("cannot read what is locked: %s", strerror(-err));
		return flush_stdout(STATUS_FAILED);
	}
	if (o->json)
		machine_print_json_sums(&machine, stdout);
	else
		machine_print_text_sums(&machine, stdout);
	return flush_stdout(STATUS_OK);
}
