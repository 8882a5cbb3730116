# SPDX-License-Identifier: GPL-2.0
#
# The goals and whether they are met, after figures.awk and compute.awk. -v goals=FILE has a line for
# each: number, what, machines, what is computed, and how much it may be at most.

# 1200000 as 1,200,000, and what is about 1 to three places
function readable(value,    text, out)
{
	if (value != int(value) && value < 10)
		return sprintf("%.3f", value)
	text = sprintf("%.0f", value)
	while (length(text) > 3) {
		out = "," substr(text, length(text) - 2) out
		text = substr(text, 1, length(text) - 3)
	}
	return text out
}

function judge(number, what, m, words, bound,    value)
{
	value = compute(m, words)
	if (!known) {
		printf "%-4s %-50s %-5s %12s %13s  not measured\n", number, what, m,
			readable(bound), "-"
		return
	}
	printf "%-4s %-50s %-5s %12s %13s  %s\n", number, what, m, readable(bound),
		readable(value), (value <= bound + 0 ? "met" : "NOT MET")
}

END {
	printf "%-4s %-50s %-5s %12s %13s\n", "goal", "", "on", "at most", "measured"
	while ((getline line < goals) > 0) {
		split(line, goal, "\t")
		n = split(goal[3], on, " ")
		for (i = 1; i <= n; i++)
			if (on[i] in machine_seen)
				judge(goal[1], goal[2], on[i], goal[4], goal[5])
	}
}
