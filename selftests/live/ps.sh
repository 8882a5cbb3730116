#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who holds locked memory: as /proc/PID/status has it for each process of a crowd, as the
# kernel's own counters have it for a user, by the iterator and by files of /proc.
#
# MLT_PS_PROCESSES  how large a crowd (300)

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

page=$(getconf PAGESIZE)
user=$((1610612736 + $$)) # nobody else's
other=$((user + 1000000))
as=(setpriv --regid 65534 --clear-groups --reuid)

# ps_json FILE ARG...: the rows to FILE, the sums to FILE.sums
ps_json()
{
	local file=$1 status

	shift
	"$mlocktrace" ps --json "$@" >"$file.all" 2>notes
	status=$?
	jq -c 'select(has("mlocked") | not)' "$file.all" >"$file"
	jq -c 'select(has("mlocked"))' "$file.all" >"$file.sums"
	return $status
}

# in_status: pid, VmLck and VmPin in bytes, user and name, of each process of the crowd
in_status()
{
	cat /proc/[0-9]*/status 2>/dev/null | awk -v user="$user" '
		$1 == "Pid:" { pid = $2 }
		$1 == "Uid:" { uid = $2 }
		$1 == "VmLck:" { locked = $2 * 1024 }
		$1 == "VmPin:" && uid == user { print pid, locked, $2 * 1024 }' | sort -n
}

# rows_of FILE KEY...: of the crowd, by pid
rows_of()
{
	jq -r --argjson user "$user" 'select(.uid == $user) | [.pid, .locked, .pinned] | join(" ")' "$1" |
		sort -n
}

# The limit allows for the pages of the first process and its child
in_background prlimit --memlock=65536:131072 "${as[@]}" "$user" "$workload" crowd \
	"${MLT_PS_PROCESSES:-300}" >crowd 2>crowd.err
if ! wait_until grep -q ready crowd; then
	fail there_is_a_crowd "$(cat crowd.err)"
	ktap_end
fi
first=$(cut -d ' ' -f 2 crowd)

# ---- processes

methods=(proc)
ps_json bpf.json --method bpf -a
status=$?
if ((status)); then
	skip "bpf: exit_status" "$(cat notes)"
else
	methods=(bpf proc)
fi
in_status >status.all
awk '$2 || $3' status.all >status.holders
check there_are_holders test "$(wc -l <status.holders)" -gt 100
for method in "${methods[@]}"; do
	ps_json holders.json --method "$method"
	check_equal "$method: exit_status" $? 0
	check_equal "$method: who_holds_how_much" "$(rows_of holders.json)" "$(cat status.holders)"
	ps_json "$method.json" --method "$method" -a
	check_equal "$method: everyone" "$(rows_of "$method.json")" "$(cat status.all)"
	check_equal "$method: which_method" "$(jq -r .method "$method.json.sums")" "$method"
	check_equal "$method: limits" \
		"$(jq -c --argjson user "$user" 'select(.uid == $user) | [.limit, .hard_limit, .capable,
			.limit - .locked == .headroom]' "$method.json" | sort -u)" '[65536,131072,false,true]'
	# VmLck is in KiB, and so are these.
	check_equal "$method: mlocked_is_that_of_meminfo" "$(jq '.mlocked % 1024' "$method.json.sums")" 0
done

# What both know
same=(pid uid user comm locked pinned limit hard_limit headroom capable cgroup unit unit_kind)
if ((${#methods[@]} == 2)); then
	keys=$(printf '.%s,' "${same[@]}")
	for method in bpf proc; do
		jq -c --argjson user "$user" "select(.uid == \$user) | [${keys%,}]" $method.json |
			sort >"$method.same"
	done
	check_equal methods_agree "$(diff bpf.same proc.same | head -n 6)" ""
fi

# ---- one address space, two processes

if ((${#methods[@]} == 2)); then
	mm=$(jq --argjson pid "$first" 'select(.pid == $pid) | .mm' bpf.json)
	check_equal sharers_have_one_address_space \
		"$(jq --argjson mm "$mm" 'select(.mm == $mm) | .shares' bpf.json | sort | paste -sd' ')" \
		"false true"
	check_equal all_others_have_their_own "$(jq --argjson user "$user" --argjson mm "$mm" \
		'select(.uid == $user and .mm != $mm) | .shares' bpf.json | sort -u)" false
	wanted=$(jq -s --argjson user "$user" --argjson mm "$mm" --argjson page "$page" \
		'[.[] | select(.uid == $user) | .locked] | add - 5 * $page' bpf.json)
	ps_json user.json --by user -u "$user"
	check_equal they_count_once_for_their_user "$(jq .locked user.json)" "$wanted"
	check_equal every_process_of_the_user_is_counted "$(jq .processes user.json)" \
		"$(wc -l <status.all)"
	check_equal the_limit_is_the_smallest "$(jq .limit user.json)" 65536
fi

# ---- names that try to break out

"$mlocktrace" ps -a -u "$user" >text 2>notes
check_equal "text: exit_status" $? 0
check_equal "text: nothing_moves_the_cursor" "$(grep -cP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' text)" 0
check_equal "text: a_line_for_each" "$(sed '/^$/,$d' text | wc -l)" "$(($(wc -l <status.all) + 1))"
check_equal "text: it_fits" "$(awk 'length > 100' text | head -n 3)" ""
check "json: names_are_escaped" jq -es 'any(.comm == "new\\x0aline\\x0dcr\\x09tab")' "${methods[0]}.json"

# ---- counters of a user

counters_as()
{
	"${as[@]}" "$1" cat counters/of_reader | od -An -v -w8 -t d8 | tr -d ' '
}

if ((${#methods[@]} == 2)); then
	mkdir counters
	if mount -t bpf -o mode=755 bpf counters 2>err && trap 'umount -l counters; live_clean_up' EXIT &&
		bpftool iter pin "$load/counters.bpf.o" counters/of_reader 2>err &&
		chmod 444 counters/of_reader; then
		in_background "$workload" ring-hold 4 $other >ring
		wait_until test -s ring
		segment=$("$workload" shm-leave 7 $other)
		ps_json user.json --by user -u "$other"
		mapfile -t wanted < <(counters_as "$other")
		ipcrm -m "$segment"
		check "user: it_is_charged_with_something" test "${wanted[4]}" -ge 7
		check_equal "user: counters_are_the_kernels" \
			"$(jq -c --argjson page "$page" '[.charged, .shm] | map(. / $page)' user.json)" \
			"[${wanted[2]},${wanted[4]}]"
		check_equal "user: perf_if_there_is_one" "$(jq -c '.perf == null' user.json)" \
			"$([[ ${wanted[3]} == -4611686018427387904 ]] && echo true || echo false)"
		check_equal "user: without_a_holder_of_vmlck" "$(jq .processes user.json)" 1
		kill "$job"
	else
		fail "user: the_kernels_counters_can_be_read" "$(cat err)"
	fi
else
	skip "user: counters_are_the_kernels" "eBPF is not for us here"
fi

# ---- units and cgroups

cgroups=$(findmnt -nro TARGET -t cgroup2 | head -n 1)
id=$(printf '%064d' $$)
folder=$cgroups/mlocktrace-test-$$
if [[ -n $cgroups ]] && mkdir -p "$folder/docker-$id.scope" 2>/dev/null; then
	# shellcheck disable=SC2016 # the inner shell's
	in_background sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh \
		"$folder/docker-$id.scope" "$workload" hold 6 >held
	wait_until test -s held
	below=/mlocktrace-test-$$
	for method in "${methods[@]}"; do
		ps_json out.json --method "$method" --cgroup "$folder"
		check_equal "$method: cgroup" "$(jq -r '[.pid, .unit, .unit_kind, .cgroup] | join(" ")' out.json)" \
			"$job docker-${id:0:12} container $(sed -n 's/^0:://p' "/proc/$job/cgroup")"
	done
	check_equal the_id_is_the_folders "$("$mlocktrace" ps -j --cgroup "$below" | jq '.cgroup_id // empty')" \
		"$([[ ${methods[0]} == bpf ]] && stat -c %i "$folder/docker-$id.scope")"
	for by in unit cgroup; do
		check_equal "by_$by" "$("$mlocktrace" ps -j --by $by --cgroup "$below" |
			jq -c "select(has(\"holders\") and has(\"$by\")) | [.locked, .holders, .unit_kind]")" \
			"[$((6 * page)),1,\"container\"]"
	done
	check_equal beside_it_is_not_in_it \
		"$("$mlocktrace" ps -j --cgroup "${below%?}" | jq -c 'select(has("pid"))')" ""
	kill "$job"
	wait "$job" 2>/dev/null
	rmdir "$folder/docker-$id.scope" "$folder"
else
	skip cgroups "no cgroup v2 hierarchy that can be written to"
fi

# ---- filters, order, totals

check_equal one_process "$("$mlocktrace" ps -j -p "$first" | jq 'select(has("pid")) | .pid')" "$first"
"$mlocktrace" ps -p 4194303 >out 2>notes
check_equal "no_such_process: exit_status" $? 1
check "no_such_process: it_is_said" grep -q 'no process 4194303' notes
for key in pid locked comm headroom; do
	jq_key=.$key
	[[ $key != locked ]] || jq_key="-.$key"
	"$mlocktrace" ps -j -a -u "$user" --sort $key | jq -c 'select(has("pid"))' >sorted
	check_equal "sorted_by_$key" "$(jq -c "$jq_key" sorted | head -n 50)" \
		"$(jq -sc "sort_by($jq_key) | .[] | $jq_key" sorted | head -n 50)"
done
check "filtered: the_sums_of_what_is_shown" grep -qE '^shown +[0-9]+K locked' text
check "text: meminfo" grep -qE '^Mlocked +[0-9]+K in /proc/meminfo' text
[[ -z $(tail -c 1 text) ]] || fail "text: ends_in_a_newline"

# ---- refusals, from where the kernel module would have them

if [[ -x $double && ! -e /sys/module/mlocktrace ]]; then
	"$double" module 1 </dev/null
	start=$(jq --argjson pid "$first" 'select(.pid == $pid) | .start_ns' "${methods[0]}.json")
	{
		echo "pid start_ns uid locked peak events refusals last_cause comm"
		echo "$first $((start - 5000000000)) 0 0 0 99 98 over_limit before"
		echo "$first $start $user 0 0 9 4 over_limit crowd"
	} >module/processes
	check_equal refusals_are_joined "$(MLOCKTRACE_DEBUGFS=$scratch/module "$mlocktrace" ps -j -p "$first" |
		jq -c 'select(has("pid")) | [.refusals, .events]')" "[4,9]"
	MLOCKTRACE_DEBUGFS=$scratch/module "$mlocktrace" ps -p "$first" >text
	check refusals_have_a_column grep -q REFUSED text
fi
check_equal without_the_module_nothing_is_known "$([[ -e /sys/module/mlocktrace ]] ||
	"$mlocktrace" ps -j -p "$first" | jq -c 'select(has("pid")) | .refusals')" \
	"$([[ -e /sys/module/mlocktrace ]] || echo null)"

# ---- without privilege

"${as[@]}" 65534 "$mlocktrace" ps --json >nobody.json 2>notes
check_equal "unprivileged: exit_status" $? 0
check_equal "unprivileged: who_holds_how_much" "$(rows_of nobody.json)" "$(cat status.holders)"
check "unprivileged: it_says_what_it_does_not_see" grep -q 'counters of users' notes
"${as[@]}" 65534 "$mlocktrace" ps --by user --json 2>/dev/null >nobody.json
check_equal "unprivileged: counters_are_not_known" \
	"$(jq -c 'select(has("charged")) | [.charged, .perf, .shm]' nobody.json | sort -u)" "[null,null,null]"
"${as[@]}" 65534 "$mlocktrace" ps --method bpf >out 2>notes
check_equal "unprivileged: bpf_is_refused" "$? $(cat out)" "1 "
check "unprivileged: the_message_names_a_remedy" grep -qE 'root|CAP_' notes

# ---- what makes no sense

for words in "--by nothing" "--sort nothing" "--method nothing" "--by user -p $first" "12" "-p nothing"; do
	# shellcheck disable=SC2086 # several words
	"$mlocktrace" ps $words >out 2>notes
	check_equal "ps $words: exit_status" "$? $(cat out)" "2 "
	check "ps $words: it_is_said" test -s notes
done
"$mlocktrace" ps --cgroup relative >out 2>notes
check_equal "relative_cgroup: exit_status" $? 1

ktap_end
