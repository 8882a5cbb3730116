# SPDX-License-Identifier: GPL-2.0
#
# What goals and expectations are about, in words, computed from the figures (after figures.awk):
#
#	added|all SETUP			per lock call, by the caller, or with the tracer
#	relative SETUP FLOOR KIND	what one adds to what the other adds, in the caller
#	slowdown SETUP KIND		of a bystander
#	value SETUP FIGURE		as it was measured
#	ratio SETUP SETUP FIGURE
#	growth SETUP			of a look at ranges, with the size
#	missing SETUP			calls neither recorded nor told lost
#
# `known` is set if all figures are there.
function compute(m, words,    word, told)
{
	split(words, word, " ")
	known = 1
	if (word[1] == "added") {
		known = has(m, word[2], "pair.caller") && has(m, "nothing", "pair.caller")
		return added(m, word[2], "pair")
	}
	if (word[1] == "all") {
		known = has(m, word[2], "pair.caller") && has(m, "nothing", "pair.caller")
		return added_in_all(m, word[2], "pair")
	}
	if (word[1] == "slowdown") {
		known = has(m, word[2], word[3] ".caller") && has(m, "nothing", word[3] ".caller")
		return slowdown(m, word[2], word[3])
	}
	if (word[1] == "value") {
		known = has(m, word[2], word[3])
		return median(m, word[2], word[3])
	}
	if (word[1] == "ratio")
		return quotient(m, word[2], word[4], word[3], word[4])
	if (word[1] == "growth")
		return quotient(m, word[2], "ranges.1G", word[2], "ranges.1M")
	if (word[1] == "relative") {
		known = has(m, word[2], word[4] ".caller") && has(m, word[3], word[4] ".caller")
		return known ? added(m, word[2], word[4]) / added(m, word[3], word[4]) : 0
	}
	if (word[1] == "missing") {
		known = has(m, word[2], "rush.made")
		told = median(m, word[2], "rush.recorded") + median(m, word[2], "rush.lost")
		return median(m, word[2], "rush.made") - told
	}
	known = 0
}

function quotient(m, a, figure_a, b, figure_b)
{
	known = has(m, a, figure_a) && has(m, b, figure_b)
	return known ? median(m, a, figure_a) / median(m, b, figure_b) : 0
}
