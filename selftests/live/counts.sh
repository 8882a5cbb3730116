#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counting in the kernel says what the records would have said: all calls made, each
# refusal under its cause, sums that are VmLck, and groups that no process can make more of
# than there is room for. By Documentation/examples/counts.c.
#
# MLT_HAMMER_SECONDS  how long; the machine decides how much that is

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

counts=${load%/selftests/load}/examples/counts
[[ -x $counts ]] || skip_all "no program that counts: run make tests"
seconds=${MLT_HAMMER_SECONDS:-1}
page=$(getconf PAGESIZE)
# The module counts everybody, and this machine does nothing else.
whom=()
[[ $tier != kmod ]] || whom=(-a)
# No tracepoints of mmap_lock before 5.11: VmLck is sampled, and no address space is seen to end.
ends=ends
[[ $(uname -r) != 5.10.* || $tier != tracepoint ]] || ends=none

# count ARG...: to counted; what COMMAND prints to made
count()
{
	"$counts" "${whom[@]}" -t "$tier" "$@" >both 2>notes
	local status=$?

	grep -E $'^(count|latency|stats)\t' both >counted
	grep -vE $'^(count|latency|stats)\t' both >made
	((status == 0)) || diag "$(cat notes)"
	return $status
}

# sum FIELD [OP [CAUSE [GROUP]]]: of calls, taken, given or net
sum()
{
	awk -F '\t' -v field="$1" -v op="${2-}" -v cause="${3-}" -v group="${4-}" '
		$1 != "count" || (op != "" && op != $2) || (cause != "" && cause != $4) ||
			(group != "" && group != $5) { next }
		{ sums["calls"] += $6; sums["taken"] += $7; sums["given"] += $8; sums["net"] += $7 - $8 }
		END { printf "%.0f\n", sums[field] }' counted
}

# stat_of seen|dropped|missed|untracked
stat_of()
{
	awk -F '\t' -v key="$1" '
		BEGIN { at["seen"] = 2; at["dropped"] = 3; at["missed"] = 4; at["untracked"] = 5 }
		$1 == "stats" { print $at[key] }' counted
}

# skipped NAME: as missed() of live.sh, of what was counted
skipped()
{
	local n

	n=$(stat_of missed)
	[[ ${MLT_SKIPS:-nothing} == calls && ${n:-0} -gt 0 ]] || return 1
	skip "$1" "this kernel preempts itself and skipped $n programs of this tier"
}

# ---- at full rate ------------------------------------------------------------------

# hammer NAME OPTION...
hammer()
{
	local name="hammer: $1" calls

	shift
	count "$@" -o mlock,munlock "$workload" hammer "$seconds"
	skipped "$name" && return
	calls=$(jq .calls made)
	diag "$calls calls in $seconds s, $(stat_of dropped) dropped, $(stat_of untracked) not followed"
	# Return probes have few instances; whose call was not followed has no record either.
	[[ $tier == kprobe ]] || check_equal "$name: all_are_followed" "$(stat_of untracked)" 0
	check_equal "$name: each_call_is_counted" \
		$(($(sum calls) + $(stat_of dropped) + $(stat_of untracked))) "$calls"
	check_equal "$name: as_many_as_there_would_be_records" \
		$(($(sum calls) + $(stat_of dropped))) "$(stat_of seen)"
	[[ $ends == none ]] ||
		check_equal "$name: they_lock_a_page_each" "$(sum taken mlock ok)" $(($(sum calls mlock) * page))
	check_equal "$name: each_has_a_duration" \
		"$(awk -F '\t' '$1 == "latency" {
			n = split($5, bucket, /[ :]/)
			for (i = 2; i <= n; i += 2)
				sum += bucket[i]
			calls += $3
		} END { print calls, sum }' counted)" "$(sum calls) $(sum calls)"
}

hammer in_all
hammer by_cgroup -g cgroup
if [[ $tier == kmod ]]; then
	check_equal by_name_is_refused_with_a_reason \
		"$("$counts" -a -t kmod -g comm true 2>&1 | grep -c 'cannot count by name')" 1
else
	hammer by_name -g comm
fi

# ---- sums ----------------------------------------------------------------------------

# What holds memory is left behind, so that /proc can be asked of it.
cat >holds.sh <<'END'
if [ "$2" = ends ]; then
	"$1" ledger 4 10 >/dev/null
	"$1" fork-exec 2
	"$1" a_killed_process_gives_locks_back >/dev/null
fi
"$1" hold 37 >holder &
until [ -s holder ]; do sleep 0.1; done
END
count sh holds.sh "$workload" $ends
holder=$(cat holder)
jobs_to_end+=("$holder")
vmlck=$(awk '/^VmLck:/ { print $2 * 1024 }' "/proc/$holder/status")
if ! skipped sums_are_what_is_held; then
	check_equal sums_are_what_is_held "$(awk -F '\t' '
		$1 == "count" && $3 == "vmlck" { net += $7 - $8 } END { printf "%.0f\n", net }' counted)" \
		"$vmlck"
	check "and_it_is_something" test "$vmlck" -gt 0
fi

# ---- causes ----------------------------------------------------------------------------

# as_records: of the JSON lines on stdin what the program would have printed, but the group
as_records()
{
	records op counter cause delta | awk -F '\t' '
		{
			cell = $1 "\t" ($2 == "null" || $2 == "none" ? "-" : $2) "\t" $3
			calls[cell]++
			taken[cell] += $4 > 0 ? $4 : 0
			given[cell] += $4 < 0 ? -$4 : 0
		}
		END {
			for (cell in calls)
				printf "%s\t%.0f\t%.0f\t%.0f\n", cell, calls[cell], taken[cell], given[cell]
		}' | sort
}

# Both at once, and the tool's own process is counted, too: so only those of one name.
cat >causes.sh <<'END'
tool=$1 tier=$2 load=$3
shift 3
"$tool" trace --tier "$tier" --json -o out.json -f "$@" -- \
	sh -c '"$0" --all; "$0" user-loop 4; "$0" threads 2 4' "$load/workload" >log 2>trace.notes
END
if [[ $tier == kmod ]]; then
	count -x sh causes.sh "$mlocktrace" "$tier" "$load" -x
	cp out.json same.json
	grep $'^count\t' counted >ours
else
	count -g comm -o "$lock_ops,$path_ops" \
		sh causes.sh "$mlocktrace" "$tier" "$load" -e "$lock_ops,$path_ops"
	jq -c 'select(.comm == "workload")' out.json >same.json
	grep $'^count.*\tworkload\t' counted >ours
fi
as_records <same.json >wanted
cut -f 2-4,6- ours | sort >got
if ! skipped counts_are_those_of_the_records; then
	check_equal counts_are_those_of_the_records "$(diff got wanted)" ""
	check there_are_refusals_of_many_causes test "$(cut -f 3 got | sort -u | wc -l)" -ge 6
	check_equal none_was_lost "$(records op <out.json | grep -cx lost) $(stat_of dropped)" "0 0"
fi

# ---- groups ------------------------------------------------------------------------------

# by_group: calls of each group in the order of the arguments, then those of `other`
by_group()
{
	local group

	for group in "$@" other; do
		sum calls '' '' "$group"
	done | paste -sd' '
}

cat >in_cgroups.sh <<'END'
workload=$1
shift
rounds=1
for folder; do
	sh -c 'echo $$ >"$1"/cgroup.procs && shift && exec "$@"' sh "$folder" "$workload" loop $rounds
	rounds=$((rounds * 2))
done
END
lock_calls=mlock,mlock2,munlock,mlockall,munlockall
a_round=9 # calls of the workload's loop
cgroups=$(findmnt -nro TARGET -t cgroup2 | head -n 1)
folders=("$cgroups/mlocktrace-test-$$"-{1,2,3,4})
if [[ -n $cgroups ]] && mkdir "${folders[@]}" 2>/dev/null; then
	mapfile -t ids < <(stat -c %i "${folders[@]}")
	count -g cgroup -o $lock_calls sh in_cgroups.sh "$workload" "${folders[@]}"
	check_equal each_cgroup_has_its_own "$(by_group "${ids[@]}")" \
		"$a_round $((2 * a_round)) $((4 * a_round)) $((8 * a_round)) 0"
	if [[ $tier != kmod ]]; then # where everybody's cgroups ask for room
		count -g cgroup -n 2 -o $lock_calls sh in_cgroups.sh "$workload" \
			"${folders[@]}"
		check_equal what_finds_no_room_is_other "$(by_group "${ids[@]}")" \
			"$a_round $((2 * a_round)) 0 0 $((12 * a_round))"
		check_equal and_takes_and_gives_as_much_as_it_did \
			"$(sum net '' '' other) $(sum calls mlock2 bad_flags other)" "0 12"
	fi
	wait_until rmdir "${folders[@]}"
else
	skip each_cgroup_has_its_own "no cgroup v2 hierarchy that can be written to"
fi

if [[ $tier != kmod ]]; then
	count -g comm -n 4 -o mlock,munlock "$workload" hostile-comm
	check_equal four_names_are_room_for_four \
		"$(awk -F '\t' '$1 == "count" { calls[$5 == "other"] += $6; names[$5] }
			END { print length(names), calls[0], calls[1] }' counted)" "5 12 42"
fi

ktap_end
