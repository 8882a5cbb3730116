# SPDX-License-Identifier: GPL-2.0
#
# awk -f charges.awk part=unseen UNSEEN part=log LOG part=records RECORDS
#
# Compares what the workload's log (see load/workload.h) says of counters with what
# was recorded, one result line per scenario: its name, a tab, and nothing or what
# differs. RECORDS, in order of time, are the fields named in charge_fields of
# live/charges.sh. UNSEEN lists rows of the log that have no record in this tier, a
# line each: scenario and op (regular expressions), which of its rows of this op (a
# number from 1, "*" for all, "-" for those done by whoever comes along), and why.
# They have a result line of their own, with "skip: " and the reason.
#
# Rows are met by records in the order of the log. A release that is not seen may be
# noticed when the same counter is looked at the next time, and be in that record.

function problem(s, text)
{
	differs[s] = differs[s] "; " text
}

function why_unseen(s, op, nth, by,    i)
{
	for (i = 1; i <= n_unseen; i++)
		if (s ~ "^(" unseen_scenario[i] ")$" && op ~ "^(" unseen_op[i] ")$" && \
		    (unseen_which[i] == "*" || unseen_which[i] == nth || unseen_which[i] == by))
			return unseen_reason[i]
	return ""
}

function row_text(s, i)
{
	return "[pid " row_pid[s, i] ": " row_op[s, i] " " row_counter[s, i] " " row_delta[s, i] \
		" = " row_ret[s, i] " " row_cause[s, i] "]"
}

function record_text(j)
{
	return "[pid " pid[j] ": " op[j] " " counter[j] " " delta[j] " = " ret[j] " " cause[j] \
		", of user " owner[j] "]"
}

function same_cause(wanted, got)
{
	return wanted == got || wanted == "not_the_limit" && got !~ /^(ok|over_limit|limit_zero)$/
}

function fits(s, i, j)
{
	return row_pid[s, i] == pid[j] && row_op[s, i] == op[j] && row_counter[s, i] == counter[j] && \
		(row_ret[s, i] == "-" ? ret[j] < 0 : row_ret[s, i] == ret[j]) && \
		same_cause(row_cause[s, i], cause[j]) && \
		(row_delta[s, i] == "-" || row_delta[s, i] == delta[j] || \
		 row_delta[s, i] + owed[s, counter[j]] == delta[j])
}

# Rows that need no record of their own
function pass_by(s,    i)
{
	while ((i = next_row[s]) <= n_rows[s] && (row_unseen[s, i] || row_by[s, i] == "-")) {
		if (row_unseen[s, i])
			owed[s, row_counter[s, i]] += row_delta[s, i]
		next_row[s]++
	}
}

# Rows before this one had their chance.
function give_up(s, before,    i)
{
	for (i = next_row[s]; i < before; i++)
		if (!row_unseen[s, i] && row_by[s, i] != "-" && !row_optional[s, i])
			problem(s, "no record of " row_text(s, i))
	next_row[s] = before
}

# What is in no row: part of what was to be done by whoever comes along, or wrong
function take_other(s, j,    key)
{
	key = s SUBSEP op[j] SUBSEP counter[j]
	if ((s, op[j]) in has_unseen)
		return
	if (ret[j] < 0 || !delta[j] && op[j] ~ /^shm_/)
		problem(s, "not in the log: " record_text(j))
	if (delta[j]) {
		done[key] += delta[j]
		to_be_done[key] += 0
		done_text[key] = done_text[key] " " record_text(j)
	}
}

function take(s, j,    i)
{
	pass_by(s)
	for (i = next_row[s]; i <= n_rows[s]; i++)
		if (!row_unseen[s, i] && row_by[s, i] != "-" && fits(s, i, j))
			break
	if (i > n_rows[s]) {
		take_other(s, j)
		return
	}
	give_up(s, i)
	next_row[s]++
	if (row_delta[s, i] != "-" && row_delta[s, i] != delta[j])
		owed[s, counter[j]] = 0
	if (delta[j] > 0 && owner[j] != "-" && owner[j] != row_uid[s, i])
		problem(s, "not of user " row_uid[s, i] ": " record_text(j))
}

BEGIN {
	FS = "\t"
	first_uid = 1610612736 # FIRST_UID of load/workload.h
}

part == "unseen" {
	split($0, word, " ")
	unseen_scenario[++n_unseen] = word[1]
	unseen_op[n_unseen] = word[2]
	unseen_which[n_unseen] = word[3]
	sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, "")
	unseen_reason[n_unseen] = $0
}

part == "log" && $1 != "-" && $4 !~ /^(setrlimit|fork|exec|exit)\??$/ {
	s = $1
	if (!(s in n_rows)) {
		name_of[++n_scenarios] = s
		next_row[s] = 1
	}
	i = ++n_rows[s]
	row_optional[s, i] = sub(/\?$/, "", $4)
	row_pid[s, i] = $2
	row_by[s, i] = $3
	row_op[s, i] = $4
	row_ret[s, i] = $8
	row_cause[s, i] = $9
	row_uid[s, i] = $14
	row_counter[s, i] = $20
	row_delta[s, i] = $21
	is_watched[s, $4, $20] = 1
	scenario_of_pid[$2] = s
	if ($14 >= first_uid)
		scenario_of_user[$14] = s
	why = why_unseen(s, $4, ++nth[s, $4], $3)
	if (why != "") {
		row_unseen[s, i] = has_unseen[s, $4] = 1
		n_rows_unseen[s]++
		if (!told[s, $4, why]++)
			skips[s] = skips[s] s ": " $4 "\tskip: " why "\n"
	} else if ($3 == "-") {
		to_be_done[s, $4, $20] += $21
	}
}

# A ring of perf moves two counters, and which one refuses it depends on the kernel.
part == "records" {
	if ($3 == "perf_mmap" && n && op[n] == $3 && when[n] == $1 && pid[n] == $2) {
		delta[n] += $5
		if (owner[n] == "-")
			owner[n] = $8
		next
	}
	when[++n] = $1
	pid[n] = $2
	op[n] = $3
	counter[n] = $3 == "perf_mmap" ? "perf" : $4
	delta[n] = $5 + 0
	ret[n] = $6
	cause[n] = $7
	owner[n] = $8
}

END {
	for (j = 1; j <= n; j++) {
		s = owner[j] in scenario_of_user ? scenario_of_user[owner[j]] : scenario_of_pid[pid[j]]
		if ((s, op[j], counter[j]) in is_watched)
			take(s, j)
	}
	for (i = 1; i <= n_scenarios; i++)
		give_up(name_of[i], n_rows[name_of[i]] + 1)
	for (key in to_be_done) {
		split(key, part_of, SUBSEP)
		if (done[key] + 0 != to_be_done[key])
			problem(part_of[1], part_of[2] " " part_of[3] " by others: " done[key] + 0 \
				", not " to_be_done[key] done_text[key])
	}
	for (i = 1; i <= n_scenarios; i++) {
		s = name_of[i]
		if (n_rows_unseen[s] < n_rows[s] || differs[s] != "")
			print s "\t" substr(differs[s], 3)
		printf "%s", skips[s]
	}
}
