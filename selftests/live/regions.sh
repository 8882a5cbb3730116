#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a process has locked, range by range: as it says itself, as /proc counts
# it, and with a recording, by the calls it made.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

page=$(getconf PAGESIZE)

# ranges JSON JQ: of the ranges, one per line
ranges()
{
	jq -r "select(has(\"addr\")) | $2" "$1"
}

# total JSON KEY
total()
{
	jq -r "select(has(\"vmlck\")) | .$2" "$1"
}

# status_bytes PID KEY: of /proc/PID/status
status_bytes()
{
	awk -v key="$2:" '$1 == key { print $2 * 1024 }' "/proc/$1/status"
}

# in_smaps PID FIELD: bytes of that field, summed over locked mappings
in_smaps()
{
	awk -v field="$2:" '$1 == field { kib = $2 }
		$1 == "VmFlags:" && / lo( |$)/ { sum += kib }
		END { print sum * 1024 }' "/proc/$1/smaps"
}

# of NAME WORD: a word of the workload's own line about that range
of()
{
	awk -v name="$1" -v word="$2" '$1 == name { print $word; exit }' said
}

# ask NAME: from out.json, the call that locked that range, as far as it is one part
ask()
{
	jq -r --arg addr "$(of "$1" 2)" \
		'.locks[]? | select(.addr == $addr) | "\(.op) \(.len)"' out.json
}

# stack_of NAME: of that range, one frame per line
stack_of()
{
	jq -r --arg addr "$(of "$1" 2)" \
		'.locks[]? | select(.addr == $addr) | .stack[]?' out.json
}

start_waiting regions >said
in_background "$mlocktrace" record --tier "$tier" -k -q -o data -p "$waiting" 2>notes
recorder=$job
# Its first calls have been made, and those after will be in the recording.
wait_until test -s data
sleep 1
go_on "$waiting"
wait_until grep -q brk said
pid=$waiting

"$mlocktrace" regions --json "$pid" >out.json 2>notes
check_equal exit_status $? 0
check every_line_parses jq -e . out.json

missing=
while read -r name addr len resident; do
	got=$(jq -r --arg addr "$addr" --argjson len "$len" 'select(has("addr")) |
		select(.addr == $addr and .len == $len) | .resident' out.json)
	# Neighbours of the same kind can be one mapping.
	[[ $got == "$resident" ]] || missing+="$name at $addr: $got, not $resident; "
done < <(grep -v '^memfd' said)
check_equal every_range_has_its_size_and_what_is_in_ram "$missing" ""
check_equal on_fault_is_told "$(jq -r 'select(.on_fault == true) | .addr' out.json)" "$(of onfault 2)"
check_equal memfd_is_named "$(ranges out.json 'select(.backing == "memfd") | .path' | sort -u)" \
	"/memfd:one page (deleted)"
check_equal heap_is_named "$(ranges out.json 'select(.backing == "heap") | .addr')" "$(of brk 2)"

check_equal sum_of_sizes_is_in_smaps "$(total out.json locked)" "$(in_smaps "$pid" Size)"
check_equal sum_in_ram_is_in_smaps "$(total out.json resident)" "$(in_smaps "$pid" Rss)"
check_equal sum_of_shares_is_in_smaps "$(total out.json pss)" "$(in_smaps "$pid" Locked)"
check_equal charge_is_in_status "$(total out.json vmlck)" "$(status_bytes "$pid" VmLck)"
check_equal sizes_are_the_charge "$(total out.json locked)" "$(total out.json vmlck)"
check_equal nothing_is_left_to_explain \
	"$(total out.json uncharged) $(total out.json unlocked)" "0 0"
check_equal limit_is_that_of_prlimit "$(total out.json limit)" \
	"$(prlimit --memlock --noheadings --raw --output SOFT --pid "$pid")"
if [[ $(total out.json unique) == null ]]; then
	skip a_page_mapped_twice_is_one "page frames are not shown here"
else
	check_equal a_page_mapped_twice_is_one \
		"$(($(total out.json present) - $(total out.json unique)))" "$page"
fi

"$mlocktrace" regions "$pid" >text 2>notes
check holes_are_told grep -q 'is locked but not in RAM' text
check_equal text_fits_on_a_page "$(awk 'length > 100' text)" ""
check no_colours_in_a_file bash -c "! grep -q \$'\\033' text"
"$mlocktrace" regions --color "$pid" >text 2>notes
check colours_on_demand grep -q $'\033' text

# Reading ends with the recording; the process lives on for the names of its functions.
end_job "$recorder" INT
"$mlocktrace" regions --json -i data "$pid" >out.json 2>notes
check_equal with_a_recording $? 0
check_equal mlock_is_named "$(ask mlock)" "mlock $((4 * page))"
check_equal mlock2_is_named "$(ask onfault)" "mlock2 $((8 * page))"
check_equal mmap_is_named "$(ask mmap)" "mmap $((3 * page))"
check_equal failed_populate_is_named "$(ask hole)" "mlock $((2 * page))"
check_equal brk_is_named "$(ask brk)" "brk $((5 * page))"
check_equal the_rest_was_before \
	"$(jq -r 'select(has("locks")) | .locks[] | select(.op == null) | .len' out.json)" $((3 * page))
check_equal recorded_is_the_rest "$(($(total out.json locked) - $(total out.json recorded)))" \
	$((3 * page))
check_equal the_stack_is_there "$(stack_of mlock | grep -c '^run_regions+')" 1

"$mlocktrace" regions -i data "$pid" >text 2>notes
check text_says_by_which_call grep -qE "^ +by mlock2\\($(of onfault 2), 32K, .*\\) at 2.*, by workload" text
check text_has_the_stack grep -q '^  *run_regions+' text
check_equal text_with_calls_fits_on_a_page "$(awk 'length > 100' text)" ""

# Other processes, and none.
"$workload" hold 2 >pid &
other=$!
jobs_to_end+=("$other")
wait_until test -s pid
"$mlocktrace" regions -i data "$other" >text 2>notes
check_equal of_a_process_not_recorded $? 0
check that_is_told grep -q 'has no record of process' notes
head -c $(($(stat -c %s data) - 5)) data >cut.data
"$mlocktrace" regions --json -i cut.data "$pid" >cut.json 2>notes
check_equal a_cut_off_recording_is_told $? 1
check what_it_has_is_shown grep -q mlock2 cut.json
"$mlocktrace" regions -i nothing "$pid" >text 2>notes
check_equal no_recording $? 1
check that_is_named grep -q nothing notes
if ((EUID == 0)); then
	setpriv --reuid 65534 --regid 65534 --clear-groups "$mlocktrace" regions "$pid" >text 2>notes
	check_equal of_another_user $? 1
	check the_privilege_is_named grep -q CAP_SYS_PTRACE notes
else
	skip of_another_user "not root"
fi
end_job "$other" KILL 2>/dev/null
"$mlocktrace" regions "$other" >text 2>notes
check_equal of_no_process $? 1
check no_process_is_told grep -q "no process $other" notes
"$mlocktrace" regions >text 2>notes
check_equal without_a_process $? 2
"$mlocktrace" regions "1x" >text 2>notes
check_equal with_what_is_no_process $? 2
if [[ -r /proc/2/status && ! -s /proc/2/cmdline ]]; then
	"$mlocktrace" regions 2 >text 2>notes
	check_equal of_a_kernel_thread $? 1
	check a_kernel_thread_is_told grep -q 'no memory of its own' notes
else
	skip of_a_kernel_thread "there is none"
fi

# ---- the whole machine

# sums KEY: of the last object of all.json
sums()
{
	jq -r "select(has(\"processes\")) | .$1" all.json
}

# row PID KEY: of that process in all.json
row()
{
	jq -r --argjson pid "$1" "select(.pid == \$pid) | .$2" all.json
}

nobody=()
((EUID != 0)) || nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

look_at_all()
{
	"$mlocktrace" regions -a --json >all.json 2>notes
}

# The kernel's own: bytes of VmLck of all
vmlck_of_all()
{
	cat /proc/[0-9]*/status 2>/dev/null | awk '$1 == "VmLck:" { sum += $2 } END { print sum * 1024 }'
}

# hold MODE [ARG]...: a workload that locks and says so; sets job
hold()
{
	rm -f held
	in_background "$workload" "$@" >held
	wait_until test -s held
}

# raises KEYS BYTES MODE [ARG]...: those sums, by that much each, by such a process
raises()
{
	local keys=$1 bytes=$2 key before=() status=0

	shift 2
	look_at_all
	for key in $keys; do
		before+=("$(sums "$key")")
	done
	hold "$@"
	look_at_all
	end_job "$job" KILL
	for key in $keys; do
		echo "$key: $(sums "$key"), not ${before[0]} + $bytes"
		(($(sums "$key") == before[0] + bytes)) || status=1
		before=("${before[@]:1}")
	done
	return "$status"
}

# Without a privilege it is faster, so that less changes meanwhile.
vmlck_is_the_kernels()
{
	local before

	before=$(vmlck_of_all)
	"${nobody[@]}" "$mlocktrace" regions -a --json >all.json 2>notes
	echo "$(sums vmlck), not $before"
	[[ $before == "$(vmlck_of_all)" && $(sums vmlck) == "$before" ]]
}

# Reading this file folds what each CPU has counted by itself.
mlocked_is_what_is_marked()
{
	cat /proc/sys/vm/stat_refresh >folded 2>&1
	look_at_all
	cat /proc/sys/vm/stat_refresh >folded 2>&1
	echo "Mlocked: $(meminfo Mlocked)"
	tail -n 1 all.json
	[[ $(sums mlocked) == "$(sums mlocked_before)" && $(meminfo Mlocked) == "$(sums mlocked)" ]] &&
		(($(sums marked_locked) + $(sums marked_elsewhere) == $(sums mlocked)))
}

# Two that lock one file: twice in VmLck and in present, once in RAM
# a_file_counts_once FILE BYTES
a_file_counts_once()
{
	local before first second vmlck present unique

	look_at_all
	before="$(sums vmlck) $(sums present) $(sums unique)"
	hold hold-file "$1"
	first=$job
	hold hold-file "$1"
	second=$job
	look_at_all
	end_job "$first" KILL
	end_job "$second" KILL
	echo "before: $before"
	cat all.json
	read -r vmlck present unique <<<"$before"
	[[ $(sums vmlck) == $((vmlck + 2 * $2)) && $(sums present) == $((present + 2 * $2)) &&
		$(sums unique) == $((unique + $2)) && $(row "$second" locked) == "$2" &&
		$(($(row "$first" unique) + $(row "$second" unique))) == "$2" ]]
}

# Many of one page, which is in RAM once, if nobody else has it locked
zeros_have_no_mark()
{
	local before present unique marked

	look_at_all
	before="$(sums present) $(sums unique) $(sums marked_locked)"
	hold hold-zeros 16
	look_at_all
	end_job "$job" KILL
	echo "before: $before"
	cat all.json
	read -r present unique marked <<<"$before"
	(($(sums present) == present + 16 * page && $(sums unique) <= unique + page &&
		$(sums marked_locked) == marked && $(sums unmarked_zero) >= page &&
		$(sums unmarked) == $(sums unique) - marked))
}

look_at_all
check_equal all_exit_status $? 0
check every_line_of_all_parses jq -e . all.json
check_equal the_process_is_in_all "$(row "$pid" locked) $(row "$pid" vmlck) $(row "$pid" uid)" \
	"$(total out.json locked) $(total out.json vmlck) $(stat -c %u "/proc/$pid")"
# On fault 6 pages were not touched, and 2 could not be faulted in.
check_equal what_is_not_touched_is_not_present \
	"$(($(row "$pid" locked) - $(row "$pid" present)))" $((8 * page))
check_equal largest_come_first "$(jq -r 'select(has("pid")) | .vmlck' all.json)" \
	"$(jq -r 'select(has("pid")) | .vmlck' all.json | sort -rn)"
check_equal who_has_nothing_is_left_out \
	"$(jq -r 'select(has("pid") and .vmlck == 0 and .locked == 0)' all.json)" ""
check_equal rows_are_counted "$(jq -s 'map(select(has("pid"))) | length' all.json)" "$(sums processes)"
for key in vmlck locked on_fault resident swapped present; do
	check_equal "${key}_is_the_sum_of_rows" \
		"$(jq -s "map(select(has(\"pid\")) | .$key) | add" all.json)" "$(sums "$key")"
done
check_quietly sum_of_charges_is_in_status vmlck_is_the_kernels
look_at_all
check_equal meminfo_is_shown "$(sums hugetlb)" "$(meminfo Hugetlb)"
if [[ $(sums unique) == null || $(sums marked) == null ]]; then
	skip pages_of_all "page frames and their marks are not shown here"
	check_quietly pages_raise_the_charge raises "vmlck locked" $((33 * page)) hold 33
else
	check_quietly pages_raise_charge_and_marks raises "vmlck locked present unique marked_locked" \
		$((33 * page)) hold 33
	check_quietly what_is_marked_is_mlocked mlocked_is_what_is_marked
	head -c $((16 * page)) /dev/urandom >file
	check_quietly pages_of_two_count_once a_file_counts_once file $((16 * page))
	check_quietly zeros_have_no_mark zeros_have_no_mark
fi

"$mlocktrace" regions -a >text 2>notes
check_equal text_of_all $? 0
check the_process_has_a_line grep -qE \
	"^ *$pid workload +[0-9]+ +$(($(row "$pid" locked) / 1024))K +$(($(row "$pid" vmlck) / 1024))K " text
check mlocked_is_told grep -qE '^Mlocked +[0-9]+K in /proc/meminfo' text
check_equal text_of_all_fits_on_a_page "$(awk 'length > 100' text)" ""
check no_colours_in_a_file_of_all bash -c "! grep -q \$'\\033' text"

if ((EUID == 0)); then
	"${nobody[@]}" "$mlocktrace" regions -aj >all.json 2>notes
	check_equal all_without_privilege $? 0
	check_equal charges_are_shown "$(row "$pid" vmlck) $(row "$pid" locked)" \
		"$(status_bytes "$pid" VmLck) null"
	check_equal what_is_not_known_is_null "$(sums unique) $(sums marked)" "null null"
	check the_hidden_are_counted test "$(sums hidden)" -gt 0
	check the_hidden_are_charged test "$(sums hidden_vmlck)" -ge "$(status_bytes "$pid" VmLck)"
	"${nobody[@]}" "$mlocktrace" regions -a >text 2>notes
	check privileges_are_named bash -c 'grep -q CAP_SYS_PTRACE text && grep -q CAP_SYS_ADMIN text'
	check_equal that_text_fits_on_a_page "$(awk 'length > 100' text)" ""
else
	skip all_without_privilege "not root"
fi
"$mlocktrace" regions -a "$pid" >text 2>notes
check_equal all_and_one $? 2
"$mlocktrace" regions -a -i data >text 2>notes
check_equal all_and_a_recording $? 2
check the_recording_is_the_reason grep -q 'recording' notes

# ---- pids and names that lie

# again PID: another process with that pid, now that the first is gone; sets job
again()
{
	local i

	for ((i = 0; i < 20; i++)); do
		echo $(($1 - 1)) 2>/dev/null >/proc/sys/kernel/ns_last_pid || return
		in_background sleep 60
		((job != $1)) || return 0
		kill "$job"
	done
	return 1
}

end_job "$pid" KILL 2>/dev/null
if again "$pid"; then
	"$mlocktrace" regions -i data "$pid" >text 2>notes
	check_equal of_a_former_owner_of_the_pid $? 1
	check the_former_owner_is_told grep -q 'is of another process' notes
	check_equal nothing_is_said_of_it "$(cat text)" ""
else
	skip of_a_former_owner_of_the_pid "pids cannot be chosen here"
fi

# A name made to hurt
printf '\033[31mbad\nname' >'name'
ln "$(type -P sleep)" "$(cat name)" 2>/dev/null || cp "$(type -P sleep)" "$(cat name)"
in_background "./$(cat name)" 60
named=$job
wait_until grep -q bad "/proc/$named/comm"
"$mlocktrace" regions "$named" >text 2>notes
check hostile_names_are_escaped grep -qF 'x1b[31mbad' text
check nothing_reaches_the_terminal bash -c "! grep -q \$'\\033' text"

ktap_end
