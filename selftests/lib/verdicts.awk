# SPDX-License-Identifier: GPL-2.0
#
# awk -v seen_ends=0|1 -v function_tier=0|1 -f verdicts.awk LOG RECORDS
#
# Compares the workload's log (see load/workload.h) with what was recorded, one
# result line per scenario: its name, a tab, and nothing or what differs.
# RECORDS are the fields named in record_fields of live/verdicts.sh.

function lock_row(tid, op, addr, len, arg, ret, cause, before, after, limit, hard, uid)
{
	return tid " " op " " addr " " len " " arg " = " ret " " cause " " before "->" after \
		" limit " limit "/" hard " uid " uid
}

function limit_row(op, target, soft, hard, ret, cause)
{
	return op " " target " " soft "/" hard " = " ret " " cause
}

function bytes(limit)
{
	return limit == "18446744073709551615" ? "unlimited" : limit
}

function want(scenario, pid, row, details)
{
	want_row[pid, ++n_want[pid]] = row
	want_more[pid, n_want[pid]] = details
	if (scenario != "-")
		owner[pid] = scenario
	if (!(scenario in order_of)) {
		order_of[scenario] = ++n_scenarios
		name_of[n_scenarios] = scenario
	}
}

BEGIN { FS = "\t" }

# The workload's log
FNR == NR {
	if ($4 == "setrlimit")
		row = limit_row($4, $15 == $2 ? 0 : $15, bytes($12), bytes($13), $8, $9)
	else if ($4 == "fork")
		row = $4 " " $15 " " $10 "->" $11
	else if ($4 == "exit" || $4 == "exec")
		row = $4 " " $10 "->" $11
	else
		row = lock_row($3, $4, $5, $6, $7, $8, $9, $10, $11, bytes($12), bytes($13), $14)
	if (seen_ends || $4 !~ /^(exit|exec)$/)
		want($1, $2, row, $4 ~ /lock/ ? $9 " " $16 " " $17 : "")
	next
}

# The records
{
	pid = $1
	if ($3 == "setrlimit")
		row = limit_row($3, $14 == "-" ? 0 : $14, $12, $13, $7, $8)
	else if ($3 == "fork")
		row = $3 " " $14 " " $9 "->" $10
	else if ($3 == "exit" || $3 == "exec")
		row = $3 " " $9 "->" $10
	else
		row = lock_row($2, $3, $4, $5, $6 == "-" ? 0 : $6, $7, $8, $9, $10, $12, $13, $11)
	got_row[pid, ++n_got[pid]] = row
	got_asked[pid, n_got[pid]] = $15
	got_overlap[pid, n_got[pid]] = $16
	got_flags[pid, n_got[pid]] = $17
}

function compare(pid,    i, text, more)
{
	for (i = 1; i <= n_want[pid] || i <= n_got[pid]; i++) {
		if (want_row[pid, i] != got_row[pid, i]) {
			text = text "; pid " pid " record " i ": wanted [" want_row[pid, i] \
				"] got [" got_row[pid, i] "] " got_flags[pid, i]
			continue
		}
		if (split(want_more[pid, i], more, " ") != 3 || more[2] ~ /^-/)
			continue
		if (got_asked[pid, i] != more[2] && want_row[pid, i] !~ /munlockall/)
			text = text "; pid " pid " record " i ": asked " got_asked[pid, i] \
				", not " more[2] " [" want_row[pid, i] "]"
		if (more[1] == "over_limit" && got_overlap[pid, i] != more[3])
			text = text "; pid " pid " record " i ": overlap " got_overlap[pid, i] \
				", not " more[3] " [" want_row[pid, i] "]"
	}
	return text
}

END {
	for (pid in owner)
		differs[owner[pid]] = differs[owner[pid]] compare(pid)
	for (i = 1; i <= n_scenarios; i++)
		if (name_of[i] != "-")
			print name_of[i] "\t" substr(differs[name_of[i]], 3)
}
