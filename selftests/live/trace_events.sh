#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The trace events of the kernel module, mlocktrace:*, say what its records say. One run
# of scenarios is seen by mlocktrace, perf, trace-cmd and bpftrace, by a filter and a
# histogram of tracefs, all at the same time; they must agree on every event.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

[[ $tier == kmod ]] || skip_all "only the kernel module has trace events"
tracefs=/sys/kernel/tracing
[[ -d $tracefs/events ]] || tracefs=/sys/kernel/debug/tracing
[[ -d $tracefs/instances ]] || skip_all "tracefs is not mounted: mount -t tracefs none $tracefs"
[[ -d $tracefs/events/mlocktrace ]] || skip_all "this kernel module was built without trace events"

# In buffers of our own: what somebody else has set up stays as it is.
ours=$tracefs/instances/mlt_test.$$
theirs=mlt_test_cmd.$$
clean_up()
{
	local buffer

	for buffer in "$ours" "$tracefs/instances/$theirs"; do
		[[ -d $buffer ]] || continue
		echo 0 >"$buffer/events/enable"
		rmdir "$buffer"
	done
	live_clean_up
}
trap clean_up EXIT

# Records of locks with and without a refusal, of a limit, by the way, and of other counters
scenarios=(all_five_calls_work hole_in_middle_locks_what_is_before one_page_over_is_refused
	own_limit_changes map_locked_over_limit munmap_in_pieces segments_over_limit)

# ---- the run, with all who watch

mkdir "$ours" || skip_all "tracefs makes no buffer for us"
events=$ours/events/mlocktrace
echo 'cause == "over_limit" && comm ~ "workload*"' >"$events/lock/filter"
echo 'hist:keys=op,ret:vals=delta:size=256 if comm ~ "workload*"' >"$events/lock/trigger"
echo 1 >"$events/lock/enable"

watch=()
if type -P trace-cmd >/dev/null; then
	watch+=(trace-cmd record -q -B "$theirs" -e mlocktrace -o trace.dat)
fi
if type -P perf >/dev/null; then
	watch+=(perf record -q -a -e 'mlocktrace:*' -o perf.data)
fi
cat >watch.bt <<'END'
BEGIN { printf("ready\n"); }
tracepoint:mlocktrace:lock / comm == "workload" / {
	@calls[args->op, args->ret, args->cause] = count();
	@delta[args->op] = sum(args->delta);
}
END
ready_or_gone()
{
	grep -q ready bpftrace.json || ! kill -0 "$bpftrace"
}

if type -P bpftrace >/dev/null; then
	in_background bpftrace -B none -f json watch.bt >bpftrace.json 2>bpftrace.err
	bpftrace=$job
	wait_until ready_or_gone
fi
trace_json out.json -f -- "${watch[@]}" "$workload" --log log "${scenarios[@]}" 2>err
diag_file err
[[ -z ${bpftrace-} ]] || end_job "$bpftrace" INT

# ---- what each of them saw

# Each event as "THREAD op ret delta cause": a change of a limit has no delta.
by_records()
{
	jq -r 'select(.comm | startswith("workload")) | [.tid, .op, .ret,
		if .op == "setrlimit" then "-" else .delta end, .cause] | join(" ")' out.json | sort
}

# by_text: from lines "COMM-THREAD ... NAME: FIELD=VALUE...", as trace-cmd and tracefs print
# them. Of threads that by.records has: the name is not always known to these.
by_text()
{
	awk '
		FILENAME != "-" { ours[$1]; next }
		$1 !~ /-[0-9]+$/ { next }
		{
			split("", field)
			for (i = 2; i <= NF; i++)
				if (split($i, pair, "=") == 2)
					field[pair[1]] = pair[2]
			thread = $1
			sub(/.*-/, "", thread)
		}
		!(thread in ours) { next }
		/ (mlocktrace:)?setrlimit: / { field["op"] = "setrlimit"; field["delta"] = "-" }
		{ print thread, field["op"], field["ret"], field["delta"], field["cause"] }' \
		by.records - | sort
}

# same_events NAME: what is in by.events is what is in by.records
same_events()
{
	if diff -u by.records by.events >by.diff; then
		pass "$1 ($(wc -l <by.events) events)"
	else
		diag_file by.diff 40
		fail "$1"
	fi
}

by_records >by.records
check mlocktrace_has_records_of_all_kinds test "$(cut -d' ' -f2 by.records | sort -u |
	grep -cxE 'mlock|munlockall|mmap|munmap|setrlimit|shm_lock')" -eq 6
check some_were_refused test "$(grep -c over_limit by.records)" -gt 2

if [[ -e perf.data ]]; then
	perf script -i perf.data -F comm,tid,event,trace 2>err |
		sed -E 's/^ *([^ ]+) +([0-9]+) /\1-\2 /' | by_text >by.events
	grep -v "^'trace' not valid for" err >err.perf
	diag_file err.perf
	same_events perf_has_the_same_events
else
	skip perf_has_the_same_events "perf is not installed"
fi
if [[ -e trace.dat ]]; then
	# (each line begins with the buffer's name)
	trace-cmd report -i trace.dat 2>err | sed "s/^$theirs: *//" | by_text >by.events
	diag_file err
	same_events trace_cmd_has_the_same_events
else
	skip trace_cmd_has_the_same_events "trace-cmd is not installed"
fi

# ---- tracefs: what the filter let through, and what the histogram added up

locks='^[0-9]+ (mlock|mlock2|munlock|mlockall|munlockall) '
grep -v '^#' "$ours/trace" | by_text >by.events
check_equal a_filter_keeps_what_it_says "$(cat by.events)" \
	"$(grep -E "$locks.* over_limit$" by.records)"

# { op: mlock  , ret:  0 } hitcount: 5  delta: 45056; what is below 0 has 2^64 added
sed -nE 's/[{}:,]//g
	s/^ *op +([a-z0-9]+) +ret +(-?[0-9]+) +hitcount +([0-9]+) +delta +([0-9]+).*/\1 \2 \3 \4/p' \
	"$events/lock/hist" | while read -r op ret n delta; do
	echo "$op $((ret)) $n $((delta))"
done | sort >by.events
grep -E "$locks" by.records | awk '
	{ n[$2 " " $3]++; delta[$2 " " $3] += $4 }
	END { for (key in n) print key, n[key], delta[key] }' | sort >wanted
check_equal a_histogram_adds_up "$(cat by.events)" "$(cat wanted)"

# ---- bpftrace

if [[ -z ${bpftrace-} ]]; then
	skip bpftrace_counts_the_same "bpftrace is not installed"
elif ! grep -q ready bpftrace.json; then
	diag_file bpftrace.err
	skip bpftrace_counts_the_same "bpftrace cannot trace here"
else
	jq -r 'select(.type == "map") | .data["@calls"] // empty | to_entries[] |
		(.key | gsub(","; " ")) + " \(.value)"' bpftrace.json | sort >by.events
	grep -E "$locks" by.records | awk '
		{ n[$2 " " $3 " " $5]++ }
		END { for (key in n) print key, n[key] }' | sort >wanted
	check_equal bpftrace_counts_the_same "$(cat by.events)" "$(cat wanted)"
	jq -r 'select(.type == "map") | .data["@delta"] // empty | to_entries[] |
		"\(.key) \(.value)"' bpftrace.json | sort >by.events
	grep -E "$locks" by.records | awk '
		{ delta[$2] += $4 }
		END { for (key in delta) print key, delta[key] }' | sort >wanted
	check_equal bpftrace_adds_up_the_same "$(cat by.events)" "$(cat wanted)"
fi

ktap_end
