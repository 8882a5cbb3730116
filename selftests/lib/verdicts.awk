# SPDX-License-Identifier: GPL-2.0
#
# awk -v seen_ends=0|1 -v function_tier=0|1 -f verdicts.awk LOG RECORDS
#
# Compares the workload's log (see load/workload.h) with what was recorded, one
# result line per scenario: its name, a tab, and nothing or what differs.
# RECORDS are the fields named in record_fields of lib/verdicts.sh.

function lock_row(tid, op, addr, len, arg, ret, cause, before, after, limit, hard, uid)
{
	return tid " " op " " addr " " len " " arg " = " ret " " cause " " before "->" after \
		" limit " limit "/" hard " uid " uid
}

function limit_row(op, target, soft, hard, ret, cause)
{
	return op " " target " " soft "/" hard " = " ret " " cause
}

# What locks and unlocks by the way, the stack of another process included
function path_row(tid, op, addr, len, arg, where, target, asked, ret, cause, before, after, limit, hard, uid)
{
	return lock_row(tid, op, addr, len, arg, ret, cause, before, after, limit, hard, uid) \
		" asked " asked (op == "mremap" ? " where " where : "") " target " target
}

# The witness writes "-" for what it does not know.
function known(field)
{
	return field == "-" ? "?" : field
}

function none(field)
{
	return field == "-" ? 0 : field
}

# Nor does anything tell where a stack is that is not the main one, or not our own.
function nowhere(got)
{
	return !function_tier && got[2] == "stack" && got[3] == "0x0"
}

function same(wanted, got,    w, g, n, i)
{
	if (wanted == got)
		return 1
	n = split(wanted, w, " ")
	if (split(got, g, " ") != n)
		return 0
	for (i = 1; i <= n; i++)
		if (w[i] != g[i] && w[i] != "?" && !(i == 3 && nowhere(g)) && \
		    !(w[i] == "not_the_limit" && g[i] !~ /^(ok|over_limit|limit_zero)$/))
			return 0
	return 1
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

BEGIN {
	FS = "\t"
	paths = "^(mmap|brk|stack|mremap|munmap|unattributed)$"
}

# The workload's log
FNR == NR {
	may_be_missing = sub(/\?$/, "", $4)
	if ($4 ~ paths)
		row = path_row($3, $4, known($5), known($6), known($7), known($18), $15, \
			$6 == "-" && $8 ? "?" : known($16), $8, $9, $10, $11, bytes($12), bytes($13), $14)
	else if ($4 == "setrlimit")
		row = limit_row($4, $15 == $2 ? 0 : $15, bytes($12), bytes($13), $8, $9)
	else if ($4 == "fork")
		row = $4 " " $15 " " $10 "->" $11
	else if ($4 == "exit" || $4 == "exec")
		row = $4 " " $10 "->" $11
	else
		row = lock_row($3, $4, $5, $6, $7, $8, $9, $10, $11, bytes($12), bytes($13), $14)
	if (seen_ends || $4 !~ /^(exit|exec)$/)
		want($1, $2, row, $4 ~ /lock/ || $4 ~ paths ? $9 " " $16 " " $17 : "")
	# Without the function that grows stacks only SIGSEGV tells of one that may not.
	if (!function_tier && $4 == "stack" && $8 && $1 !~ /deadly/)
		may_be_missing = 1
	if (may_be_missing)
		optional[$2, n_want[$2]] = 1
	next
}

# The records
{
	pid = $1
	if ($3 ~ paths)
		row = path_row($2, $3, $4, $5, none($6), $18, none($14), $15, $7, $8, $9, $10, $12, \
			$13, $11)
	else if ($3 == "setrlimit")
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

function compare(pid,    i, j, text, more)
{
	for (i = j = 1; i <= n_want[pid] || j <= n_got[pid]; i++ && j++) {
		while (optional[pid, i] && !same(want_row[pid, i], got_row[pid, j]))
			i++
		if (i > n_want[pid] && j > n_got[pid])
			break
		if (!same(want_row[pid, i], got_row[pid, j])) {
			text = text "; pid " pid " record " j ": wanted [" want_row[pid, i] \
				"] got [" got_row[pid, j] "] " got_flags[pid, j]
			continue
		}
		if (split(want_more[pid, i], more, " ") != 3 || more[2] ~ /^-/)
			continue
		if (got_asked[pid, j] != more[2] && want_row[pid, i] !~ /asked \?/ && want_row[pid, i] !~ /munlockall/)
			text = text "; pid " pid " record " j ": asked " got_asked[pid, j] \
				", not " more[2] " [" want_row[pid, i] "]"
		if (more[1] == "over_limit" && none(got_overlap[pid, j]) != more[3])
			text = text "; pid " pid " record " j ": overlap " got_overlap[pid, j] \
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
