# SPDX-License-Identifier: GPL-2.0
#
# Have costs grown? After figures.awk and compute.awk; -v expected=FILE has a line for each figure
# that is watched: series of kernels, what is computed, and what it was. Prints RESULT, NAME and
# words for each.

BEGIN { TOLERANCE = 0.05 }

function compare(m, words, was,    is)
{
	is = compute(m, words)
	if (!known) {
		split(words, word, " ")
		return "skip\t" words "\t" ((m, word[2]) in why_not ? why_not[m, word[2]] : "not measured")
	}
	if (is > was * (1 + TOLERANCE))
		return sprintf("fail\t%s\t%.3f, and it was %.3f", words, is, was)
	if (is < was * (1 - TOLERANCE))
		return sprintf("pass\t%s\t%.3f, better than %.3f: write it down", words, is, was)
	return sprintf("pass\t%s\t%.3f", words, is)
}

END {
	while ((getline line < expected) > 0) {
		split(line, part, "\t")
		if (part[1] in machine_seen)
			print compare(part[1], part[2], part[3])
	}
}
