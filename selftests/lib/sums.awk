# SPDX-License-Identifier: GPL-2.0
#
# awk -f sums.awk LOG RECORDS
#
# At every line of the workload's log at which VmLck was read, it is the sum of
# all deltas of that address space until then. Prints the lines where it is not.
# RECORDS are the fields time_ns, pid, op, mm_id, delta and target_pid.
#
# An address space is known by the last record of its process: several processes
# may share one, and a process that executes a program gets another.

BEGIN { FS = "\t" }

FNR == NR {
	if ($19 != "-" && $4 !~ /^(exit|exec|fork|setrlimit)$/) {
		time[++n] = $19
		pid[n] = $15 ? $15 : $2
		held[n] = $11
		name[n] = $1 ": " $4 " of pid " $2
	}
	next
}

$4 != 0 && $4 != "-" {
	when[++records] = $1
	space[records] = $4
	delta[records] = $5
	if ($6 == "-" || $6 == $2 || $3 == "fork" || $3 == "setrlimit")
		owner[records] = $2
}

END {
	for (i = 1; i <= n; i++) {
		mm = ""
		for (j = 1; j <= records; j++)
			if (owner[j] == pid[i] && when[j] <= time[i])
				mm = space[j]
		sum = 0
		for (j = 1; j <= records; j++)
			if (mm != "" && space[j] == mm && when[j] <= time[i])
				sum += delta[j]
		if (sum != held[i])
			print name[i] ": VmLck " held[i] ", sum " sum
	}
	if (!n)
		print "no line in the log"
}
