#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The sum of all deltas of a process is what it holds: VmLck at every moment at
# which no call is under way, and nothing after its end.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

# differences JSON CHECKPOINTS: lines of the workload's checkpoints that do not
# agree; what the process held when we came is in its first record
differences()
{
	records time_ns pid before delta <"$1" | awk -F '\t' -v checkpoints="$2" '
		{
			if (!($2 in baseline))
				baseline[$2] = $3
			n = ++count[$2]
			time[$2, n] = $1
			delta[$2, n] = $4
		}
		END {
			while ((getline line <checkpoints) > 0) {
				split(line, c, "\t")
				if (c[1] != "checkpoint")
					continue
				sum = baseline[c[2]]
				for (i = 1; i <= count[c[2]]; i++)
					if (time[c[2], i] < c[3])
						sum += delta[c[2], i]
				if (sum != c[4])
					print "at " c[3] ": VmLck " c[4] ", sum " sum
				seen++
			}
			if (!seen)
				print "no checkpoint"
		}'
}

# sums_at_end JSON: address spaces whose deltas do not come to nothing in the end
sums_at_end()
{
	# What users of earlier tests are given back late, whoever is there may come upon.
	records mm_id delta counter <"$1" | awk -F '\t' '
		$3 == "vmlck" { sum[$1] += $2 }
		END { for (mm in sum) if (sum[mm]) print "mm " mm ": " sum[mm] }'
}

# All in one run of mlocktrace: starting it is what takes the time.
cat >batch.sh <<'END'
"$1/workload" fork_inherits_nothing exec_gives_locks_back a_killed_process_gives_locks_back \
	a_shared_address_space_has_one_count >log
"$1/workload" fork-exec 2
"$1/workload" ledger 1 10 >alone
"$1/workload" ledger 4 10 >threads
"$1/workload-static" ledger 2 10 >static
"$1/workload-32" ledger 2 10 >32_bit || :
END
trace_json out.json -f -e "$lock_ops,$path_ops" -- bash batch.sh "$load"
missed ledger && ktap_end

# ledger NAME CHECKPOINTS
ledger()
{
	local pid

	if [[ ! -s $2 ]]; then
		skip "$1" "the program does not run here"
		return
	fi
	pid=$(cut -f 2 "$2" | head -n 1)
	if [[ $2 != alone ]] &&
		records pid flags <out.json | grep "^$pid" | grep -q sampled; then
		skip "$1" "this tier samples VmLck outside of mmap_lock here, and says so"
		return
	fi
	check_equal "$1" "$(differences out.json "$2")" ""
}

ledger sum_of_deltas_is_vmlck alone
ledger sum_of_deltas_is_vmlck_with_threads threads
ledger sum_of_deltas_is_vmlck_of_a_static_program static
ledger sum_of_deltas_is_vmlck_of_a_32_bit_program 32_bit

if records op <out.json | grep -qx exit; then
	check_equal in_the_end_nothing_is_left "$(sums_at_end out.json)" ""
	check exec_is_an_end_too grep -qx exec <(records op <out.json)
elif [[ $(uname -r) == 5.10.* ]] && records tier <out.json | grep -qx tracepoint; then
	skip in_the_end_nothing_is_left "no tracepoints of mmap_lock before 5.11"
else
	fail in_the_end_nothing_is_left "no end of an address space was recorded"
fi

start_waiting ledger 1 10 >checkpoints
if attach "$waiting" -e "$lock_ops,$path_ops"; then
	go_on "$waiting"
	wait "$waiting" "$tracer"
	check_equal sum_is_vmlck_of_a_process_that_held_some_before \
		"$(differences out.json checkpoints)" ""
	check_equal the_first_record_tells_what_was_held_before \
		"$(records before <out.json | head -n 1)" $((3 * $(getconf PAGESIZE)))
else
	fail sum_is_vmlck_of_a_process_that_held_some_before "$(cat notes)"
fi

ktap_end
