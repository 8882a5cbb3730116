# SPDX-License-Identifier: GPL-2.0
#
# Tables to read, after figures.awk. In 100 columns.

# number: or a dash where there is none
function number(there, format, value)
{
	return there ? sprintf(format, value) : "-"
}

function lock_call_table(machine,    i, setup, m)
{
	m = machine
	printf "\nLock calls: added per call, in %s; `tracer` is what its processes used.\n", unit(m)
	printf "%-23s %20s %6s %13s %8s %7s %11s\n", "", "-- mlock, munlock --", "", "- refused -", "",
		"", "--- RAM ---"
	printf "%-23s %6s %6s %6s %6s %6s %6s %8s %7s %5s %5s\n", "", "caller", "tracer", "in all",
		"+-", "caller", "in all", "recorded", "lost", "used", "peak"
	for (i = 1; i <= n_setups[m]; i++) {
		setup = setups[m, i]
		if (!has(m, setup, "pair.caller"))
			continue
		printf "%-23s %6.0f %6.0f %6.0f %5.1f%% %6.0f %6.0f %8s %7s %4.0fM %4.0fM\n", setup,
			added(m, setup, "pair"), median(m, setup, "pair.tracer"),
			added_in_all(m, setup, "pair"), 100 * spread(m, setup, "pair.caller"),
			added(m, setup, "refused"), added_in_all(m, setup, "refused"),
			number(has(m, setup, "recorded"), "%.2f%%",
				100 * share_recorded(m, setup, "")),
			number(has(m, setup, "lost"), "%d", median(m, setup, "lost")),
			median(m, setup, "memory") / 1048576, median(m, setup, "peak") / 1048576
	}
	printf "Without a tracer: %.0f for mlock or munlock, %.0f for a refused mlock.\n",
		median(m, "nothing", "pair.caller"), median(m, "nothing", "refused.caller")
}

function share_recorded(m, setup, prefix,    made)
{
	made = median(m, setup, prefix "made")
	return made ? median(m, setup, prefix "recorded") / made : 0
}

function bystander_table(machine,    i, setup, m)
{
	m = machine
	printf "\nBystanders: time taken by a process that locks nothing, as a multiple of untraced\n"
	printf "%-23s %12s %12s %12s %12s\n", "", "getpid", "mmap+munmap", "brk", "page fault"
	for (i = 1; i <= n_setups[m]; i++) {
		setup = setups[m, i]
		if (has(m, setup, "getpid.caller"))
			printf "%-23s %12.3f %12.3f %12.3f %12.3f\n", setup,
				slowdown(m, setup, "getpid"), slowdown(m, setup, "mmap"),
				slowdown(m, setup, "brk"), slowdown(m, setup, "fault")
	}
}

function rush_table(machine,    i, setup, m, any)
{
	m = machine
	for (i = 1; i <= n_setups[m]; i++) {
		setup = setups[m, i]
		if (!has(m, setup, "rush.made") && !has(m, setup, "first"))
			continue
		if (!any++) {
			printf "\nStart, end, and two workers at full speed with refused calls\n"
			printf "%-23s %12s %12s %12s %12s %12s\n", "", "first, ms", "stop, ms",
				"calls made", "recorded", "told lost"
		}
		printf "%-23s %12s %12s %12s %12s %12s\n", setup,
			number(has(m, setup, "first"), "%.0f", median(m, setup, "first") / 1e6),
			number(has(m, setup, "stop"), "%.1f", median(m, setup, "stop") / 1e6),
			number(has(m, setup, "rush.made"), "%d", median(m, setup, "rush.made")),
			number(has(m, setup, "rush.made"), "%d", median(m, setup, "rush.recorded")),
			number(has(m, setup, "rush.made"), "%d", median(m, setup, "rush.lost"))
	}
}

function look_table(machine, figure, title,    i, setup, m, any)
{
	m = machine
	for (i = 1; i <= n_setups[m]; i++) {
		setup = setups[m, i]
		if (!has(m, setup, figure))
			continue
		if (!any++) {
			printf "\n%s\n", title
			printf "%-23s %12s %6s %12s\n", "", "CPU, ms", "+-", "found"
		}
		printf "%-23s %12.2f %5.1f%% %12s\n", setup, median(m, setup, figure) / 1e6,
			100 * spread(m, setup, figure),
			number(has(m, setup, figure ".found"), "%d", median(m, setup, figure ".found"))
	}
}

function why_not_table(machine,    i, setup, any)
{
	for (i = 1; i <= n_setups[machine]; i++) {
		setup = setups[machine, i]
		if (!((machine, setup) in why_not))
			continue
		if (!any++)
			printf "\nNot measured\n"
		printf "%-23s %s\n", setup, substr(why_not[machine, setup], 1, 77)
	}
}

function unit(machine)
{
	return machine == "host" ? "ns" : "guest instructions"
}

END {
	for (number_of = 1; number_of <= n_machines; number_of++) {
		name = machines[number_of]
		printf "%s==== %s\n", (number_of > 1 ? "\n" : ""),
			(name == "host" ? "this machine" : "Linux " name " in a virtual machine")
		lock_call_table(name)
		bystander_table(name)
		rush_table(name)
		look_table(name, "look", "A look at 10,000 processes, once loaded")
		look_table(name, "look_cold", "The same by a whole command")
		look_table(name, "ranges.1M", "Locked ranges of a process with 10,000 mappings")
		look_table(name, "ranges.1G", "The same with 1 GiB more of it locked")
		why_not_table(name)
	}
}
