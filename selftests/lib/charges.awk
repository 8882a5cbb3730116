# SPDX-License-Identifier: GPL-2.0
#
# awk -f unseen.awk -f charges.awk part=unseen UNSEEN part=log LOG part=records RECORDS
#
# Compares what the workload's log (see load/workload.h) says of counters with what
# was recorded, one result line per scenario: its name, a tab, and nothing or what
# differs. RECORDS, in order of time, are the fields named in charge_fields of
# live/charges.sh. UNSEEN lists rows of the log that need no record in this tier, see
# unseen.awk; those that had none have a result line of their own, with "skip: " and the
# reason.
#
# Rows are met by records in the order of the log. What an unseen row changed is owed:
# it is noticed when the same counter is looked at the next time, and is in the record
# that is made then, of whatever operation, or in one of its own.

function problem(s, text)
{
	differs[s] = differs[s] "; " text
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

# due: what is owed to its counter when it is the turn of this row
function fits(s, i, j, due)
{
	return row_by[s, i] != "-" && \
		row_pid[s, i] == pid[j] && row_op[s, i] == op[j] && row_counter[s, i] == counter[j] && \
		(row_ret[s, i] == "-" ? ret[j] < 0 : row_ret[s, i] == ret[j]) && \
		same_cause(row_cause[s, i], cause[j]) && \
		(row_delta[s, i] == delta[j] || row_delta[s, i] + due == delta[j] || \
		 row_unseen[s, i] != "" && !delta[j])
}

function needs_record(s, i)
{
	return row_unseen[s, i] == "" && row_by[s, i] != "-" && !row_optional[s, i]
}

# What this row adds to what is owed, if it is passed over
function unseen_delta(s, i, of)
{
	return row_unseen[s, i] != "" && row_counter[s, i] == of ? row_delta[s, i] : 0
}

function not_seen(s, i)
{
	n_rows_not_seen[s]++
	if (!told[s, row_op[s, i], row_unseen[s, i]]++)
		skips[s] = skips[s] s ": " row_op[s, i] "\tskip: " row_unseen[s, i] "\n"
}

# Rows before this one had their chance.
function give_up(s, before,    i)
{
	for (i = next_row[s]; i < before; i++) {
		if (needs_record(s, i))
			problem(s, "no record of " row_text(s, i))
		owed[s, row_counter[s, i]] += unseen_delta(s, i, row_counter[s, i])
		if (row_unseen[s, i] != "")
			not_seen(s, i)
	}
	next_row[s] = before
}

function meet(s, i, j)
{
	give_up(s, i)
	next_row[s]++
	owed[s, counter[j]] += row_delta[s, i] - delta[j]
	if (row_unseen[s, i] != "" && row_delta[s, i] != delta[j])
		not_seen(s, i)
	if (delta[j] > 0 && owner[j] != "-" && owner[j] != row_uid[s, i])
		problem(s, "not of user " row_uid[s, i] ": " record_text(j))
}

# Is it (part of) what unseen rows have changed until then?
function is_owed(s, j,    i, due)
{
	due = owed[s, counter[j]]
	for (i = next_row[s]; due * delta[j] <= 0 || due / delta[j] < 1; i++) {
		if (i > n_rows[s] || needs_record(s, i))
			return 0
		due += unseen_delta(s, i, counter[j])
	}
	give_up(s, i)
	owed[s, counter[j]] -= delta[j]
	return 1
}

# What is in no row: noticed late, part of what was to be done by whoever comes along,
# or wrong
function take_other(s, j,    key)
{
	key = s SUBSEP op[j] SUBSEP counter[j]
	if (ret[j] < 0 || !delta[j] && op[j] ~ /^shm_/)
		problem(s, "not in the log: " record_text(j))
	if (delta[j] && !is_owed(s, j)) {
		done[key] += delta[j]
		to_be_done[key] += 0
		done_text[key] = done_text[key] " " record_text(j)
	}
}

function take(s, j,    i, due)
{
	due = owed[s, counter[j]]
	for (i = next_row[s]; i <= n_rows[s]; i++) {
		if (fits(s, i, j, due)) {
			meet(s, i, j)
			return
		}
		due += unseen_delta(s, i, counter[j])
	}
	take_other(s, j)
}

BEGIN {
	FS = "\t"
	first_uid = 1610612736 # FIRST_UID of load/workload.h
}

part == "log" && $1 != "-" && $4 !~ /^(setrlimit|fork|exec|exit|quiet)\??$/ {
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
	row_unseen[s, i] = unseen_reason[unseen_line(s, $4, ++nth[s, $4], $3, $8, $21)]
	if ($3 == "-" && row_unseen[s, i] == "")
		to_be_done[s, $4, $20] += $21
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
		# Of a user of another log: what is found late is found by whoever comes along.
		if (owner[j] >= first_uid && !(owner[j] in scenario_of_user))
			continue
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
		if (n_rows_not_seen[s] < n_rows[s] || differs[s] != "")
			print s "\t" substr(differs[s], 3)
		printf "%s", skips[s]
	}
}
