# SPDX-License-Identifier: GPL-2.0
#
# All figures as JSON, after figures.awk: an array with an object for each.

# Names are ours; only why_not has what others wrote.
function quoted(text)
{
	gsub(/[\\"]/, "\\\\&", text)
	gsub(/[\001-\037]/, " ", text)
	return "\"" text "\""
}

function open_object(m, setup)
{
	printf "%s\n  {\"machine\": %s, \"setup\": %s, ", (any++ ? "," : "["), quoted(m), quoted(setup)
}

END {
	for (i = 1; i <= n_machines; i++) {
		m = machines[i]
		for (j = 1; j <= n_setups[m]; j++) {
			if ((m, setups[m, j]) in why_not) {
				open_object(m, setups[m, j])
				printf "\"why_not\": %s}", quoted(why_not[m, setups[m, j]])
			}
		}
	}
	for (key in n_values) {
		split(key, part, SUBSEP)
		n = sort_values(part[1], part[2], part[3])
		open_object(part[1], part[2])
		printf "\"figure\": %s, \"median\": %.10g, \"least\": %.10g, \"most\": %.10g, \"n\": %d}",
			quoted(part[3]), median(part[1], part[2], part[3]), sorted[1], sorted[n], n
	}
	print any ? "\n]" : "[]"
}
