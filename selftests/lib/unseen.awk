# SPDX-License-Identifier: GPL-2.0
#
# awk -f unseen.awk -f charges.awk part=unseen UNSEEN ...
#
# UNSEEN lists rows of the workload's log that need no record in this tier, a line
# each: scenario and op (regular expressions), which of its rows of this op, what the
# books say then, and why.
#
# Which: their numbers from 1 (a regular expression, too), "*" for all, "-" for those
# done by whoever comes along, "refused", or "unchanged" for those that succeed and
# change nothing. What: "even" if there is nothing that would have to be in them, "late"
# if the change gets into them later.

function is_meant(which, nth, by, ret, delta)
{
	return which == "*" || nth ~ "^(" which ")$" || which == by || \
		which == "refused" && ret ~ /^-/ || which == "unchanged" && !ret && !delta
}

# The first line of UNSEEN that means this row, or 0
function unseen_line(s, op, nth, by, ret, delta,    u)
{
	for (u = 1; u <= n_unseen; u++)
		if (s ~ "^(" unseen_scenario[u] ")$" && op ~ "^(" unseen_op[u] ")$" && \
		    is_meant(unseen_which[u], nth, by, ret, delta))
			return u
	return 0
}

part == "unseen" {
	split($0, word, " ")
	unseen_scenario[++n_unseen] = word[1]
	unseen_op[n_unseen] = word[2]
	unseen_which[n_unseen] = word[3]
	unseen_is_late[n_unseen] = word[4] == "late"
	sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +/, "")
	unseen_reason[n_unseen] = $0
}
