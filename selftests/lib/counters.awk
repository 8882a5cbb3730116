# SPDX-License-Identifier: GPL-2.0
#
# awk -v ends=0|1 -f unseen.awk -f counters.awk part=unseen UNSEEN part=log LOG \
#	part=records RECORDS
#
# At each row of the workload's log (see load/workload.h), the sum of all records of
# each counter until then is what the kernel's own counter was, and so is `after` of the
# last record; one result line per scenario: its name, a tab, and nothing or what differs.
# RECORDS, in the order of their ends, are these and the fields named in book_fields
# of live/charges.sh. For UNSEEN see unseen.awk; ends: are ends of address spaces seen?
#
# The process under test has done the row's operation, and its record has ended, before
# the counters are read. So they are equal but where somebody else gives something back:
#
# - What this tier finds late is in the books with the next row that it sees and that
#   moves this counter. Until then they may have any value that the kernel had since the
#   last such row.
# - What it sees at once may still come between the last record and the reading, if it is
#   what this row or the next one is about. The next record then leads from one to the
#   other; in a tier that finds it late, the amount of the next row does.

function problem(s, text)
{
	differs[s] = differs[s] "; " text
}

function counter_of(i, c)
{
	return c == "vmpin" ? "vmpin of pid " row_pid[i] : c " of uid " row_uid[i]
}

# Has this operation moved that counter, as far as its kind goes? Without a pool of
# their own, rings of perf are the user's. In a quiet moment all are looked at that may
# be given back by somebody else.
function moves(i, c)
{
	return row_counter[i] == c || row_op[i] == "io_uring" && c == "vmpin" || \
		row_op[i] == "perf_mmap" && (c == "vmpin" || c == "user") || \
		row_op[i] == "quiet" && c != "shm"
}

# What the books must have forgotten, and what they may still have
function turn(i, c, a)
{
	if (!moves(i, c))
		return
	if (row_is_late[i])
		may_have[a, turns[a] + 0, last_value[a] + 0]
	else
		turns[a]++
}

# Is row i somebody else's release from this counter?
function is_released(i, s, c)
{
	return row_by[i] == "-" && row_scenario[i] == s && moves(i, c)
}

function comes_early(i, c, a, k, books, value,    next_row)
{
	next_row = is_released(i, row_scenario[i], c) ? i : \
		is_released(i + 1, row_scenario[i], c) ? i + 1 : 0
	if (!next_row)
		return 0
	if (row_is_late[next_row])
		return next_row > i && books + row_delta[next_row] == value
	return k < n_of[a] && op_of[a, k + 1] == row_op[next_row] && delta_of[a, k + 1] < 0 && \
		sum_of[a, k] == books && sum_of[a, k + 1] == value
}

function are_right(i, c, a, k, books, value)
{
	return books == value || (a, turns[a] + 0, books) in may_have || \
		comes_early(i, c, a, k, books, value)
}

# A user made for the scenario and a process begin with nothing; root with what the
# first record says. The kernel's object ends with the last process and the last charge
# of a user: then the next one has another account, which begins with nothing again.
function begin_books(i, c, a,    k, had, account)
{
	begins_at[a] = c == "vmpin" || row_uid[i] >= first_uid ? 0 : 1
	had = sum_of[a, 0] = begins_at[a] && n_of[a] ? before_of[a, 1] : 0
	for (k = 1; k <= n_of[a]; k++) {
		# What is left of an address space whose place this one has taken
		if (k == 1 && c == "vmpin" && !ends)
			had = before_of[a, k]
		if (account_of[a, k] && account && account_of[a, k] != account) {
			if (had && !is_late_of[a])
				problem(row_scenario[i], a ": " had " are left of what it was")
			had = 0
		}
		account = account_of[a, k] ? account_of[a, k] : account
		if (delta_of[a, k] && before_of[a, k] != had || before_of[a, k] + delta_of[a, k] != after_of[a, k])
			problem(row_scenario[i], a ": " op_of[a, k] " has " before_of[a, k] " and " \
				delta_of[a, k] " to " after_of[a, k] ", the books had " had)
		had = sum_of[a, k] = had + delta_of[a, k]
	}
}

function check(i, c,    a, k, s, value, is)
{
	value = row_value[i, c]
	if (value == "-")
		return
	s = row_scenario[i]
	a = counter_of(i, c)
	if (!known[a]++)
		begin_books(i, c, a)
	turn(i, c, a)
	for (k = 0; k < n_of[a] && end_of[a, k + 1] <= row_time[i]; k++)
		;
	is = "row " row_number[i] " (" row_op[i] "): " a " is " value
	if (k >= begins_at[a] && !are_right(i, c, a, k, sum_of[a, k], value))
		problem(s, is ", the sum of all records " sum_of[a, k])
	else if (k && !are_right(i, c, a, k, after_of[a, k], value))
		problem(s, is ", the last record ends with " after_of[a, k])
	last_value[a] = value
}

BEGIN {
	FS = "\t"
	first_uid = 1610612736 # FIRST_UID of load/workload.h
	n_counters = split("vmpin user perf shm", counters, " ")
}

part == "log" && $1 != "-" && $4 !~ /^(setrlimit|fork|exec|exit)\??$/ {
	i = ++n_rows
	sub(/\?$/, "", $4)
	row_scenario[i] = $1
	row_pid[i] = $2
	row_by[i] = $3
	row_op[i] = $4
	row_counter[i] = $20
	row_delta[i] = $21
	row_time[i] = $22
	row_uid[i] = $23
	for (c = 1; c <= n_counters; c++)
		row_value[i, counters[c]] = $(23 + c)
	row_is_late[i] = unseen_is_late[unseen_line($1, $4, ++nth[$1, $4], $3, $8, $21)]
	if (!row_number[i - 1] || row_scenario[i - 1] != $1)
		name_of[++n_scenarios] = $1
	row_number[i] = ++rows_of[$1]
	if ($22 == "-")
		problem($1, "the kernel's counters were not read at row " row_number[i])
}

part == "records" && $4 ~ /^(vmpin|user|perf|shm)$/ {
	whose = $10 == "-" ? $2 : $10
	# An address space is that of the process which is charged for it first.
	if ($4 == "vmpin" && $5 != 0 && ends) {
		if ($5 in pid_of)
			whose = pid_of[$5]
		pid_of[$5] = whose
	}
	a = $4 == "vmpin" ? "vmpin of pid " whose : $4 " of uid " $6
	k = ++n_of[a]
	end_of[a, k] = $1
	account_of[a, k] = $5
	op_of[a, k] = $3
	before_of[a, k] = $7
	delta_of[a, k] = $8
	after_of[a, k] = $9
}

END {
	for (i = 1; i <= n_rows; i++)
		for (c = 1; c <= n_counters; c++)
			if (row_is_late[i] && moves(i, counters[c]))
				is_late_of[counter_of(i, counters[c])] = 1
	for (i = 1; i <= n_rows; i++)
		for (c = 1; c <= n_counters; c++)
			check(i, counters[c])
	for (i = 1; i <= n_scenarios; i++)
		print name_of[i] "\t" substr(differs[name_of[i]], 3)
}
