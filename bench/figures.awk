# SPDX-License-Identifier: GPL-2.0
#
# Reads what was measured: machine, set-up, figure, value. Of each figure there is then the
# median with the least and the most; who includes this prints them in its END.

BEGIN { FS = "\t" }

!(($1) in machine_seen) { machine_seen[$1]; machines[++n_machines] = $1 }
!(($1, $2) in setup_seen) { setup_seen[$1, $2]; n_setups[$1]++; setups[$1, n_setups[$1]] = $2 }
$3 == "why_not" { why_not[$1, $2] = $4; next }
{
	count = ++n_values[$1, $2, $3]
	values[$1, $2, $3, count] = $4 + 0
}

function has(machine, setup, figure)
{
	return (machine, setup, figure) in n_values
}

# sorted: fills `sorted` with the values of a figure, and returns how many
function sort_values(machine, setup, figure,    i, j, n, value)
{
	n = n_values[machine, setup, figure]
	for (i = 1; i <= n; i++) {
		value = values[machine, setup, figure, i]
		for (j = i - 1; j > 0 && sorted[j] > value; j--)
			sorted[j + 1] = sorted[j]
		sorted[j + 1] = value
	}
	return n
}

function median(machine, setup, figure,    n)
{
	n = sort_values(machine, setup, figure)
	if (!n)
		return 0
	return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

# Half of the distance from the least to the most, as a part of the median
function spread(machine, setup, figure,    n, middle)
{
	middle = median(machine, setup, figure)
	n = sort_values(machine, setup, figure)
	return middle ? (sorted[n] - sorted[1]) / 2 / middle : 0
}

# What a set-up adds to an event, in the caller
function added(machine, setup, kind)
{
	return median(machine, setup, kind ".caller") - median(machine, "nothing", kind ".caller")
}

# The same with what the tracer used for it
function added_in_all(machine, setup, kind)
{
	return added(machine, setup, kind) + median(machine, setup, kind ".tracer")
}

# How much longer a bystander takes
function slowdown(machine, setup, kind,    without)
{
	without = median(machine, "nothing", kind ".caller")
	return without ? median(machine, setup, kind ".caller") / without : 0
}
