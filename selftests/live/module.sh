#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel module itself: it comes and goes without a trace, its parameters do what
# they say, its files stand whatever is done to them, its counters are exact at full
# rate, and its tables say what the kernel and strace do.
#
# MLT_MODULE_CYCLES  how often it is loaded and unloaded (default 5)
#
# It unloads the module, so without MLT_MODULE_CYCLES only in a virtual machine.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

[[ $tier == kmod ]] || skip_all "not about tier $tier, but about the kernel module"
[[ -n ${MLOCKTRACE_VM-} || -n ${MLT_MODULE_CYCLES-} ]] ||
	skip_all "it unloads the module: in a virtual machine, or with MLT_MODULE_CYCLES=5"
[[ -e $module_file ]] || skip_all "no module for this kernel: run make kmod"
files=${load%/load}/module/files
[[ -x $files ]] || skip_all "no program for the module's files: run make -C selftests"
need strace setpriv ipcrm insmod rmmod

cycles=${MLT_MODULE_CYCLES:-5}
folder=/sys/kernel/debug/mlocktrace
page=$(getconf PAGESIZE)
text_files=(abi counts enable ended hooks latency processes refusals stats users)
log_begin=$(dmesg | wc -l)
user=65534
as_user=(setpriv --reuid "$user" --regid "$user" --clear-groups)

# stat_of KEY...: the sum of these
stat_of()
{
	awk -v keys=" $* " 'index(keys, " " $1 " ") { sum += $2 } END { printf "%.0f\n", sum }' \
		$folder/stats
}

# The tests that follow need it.
trap 'live_clean_up; load_module' EXIT

load()
{
	insmod "$module_file" "$@"
}

unload()
{
	rmmod mlocktrace
}

# counted COMMAND...: a hammer; sets made, and seen: the records of it
counted()
{
	local before after areas_before areas

	# Code of the kernel that only its start needed has no name either.
	before=$(stat_of seen)
	made=$("$@")
	made=${made#*:}
	made=${made%%,*}
	seen=$(($(stat_of seen) - before))
}

# row FILE PID [START]: that line of a table; START is what /proc/PID/stat says
row()
{
	awk -v pid="$2" -v start="${3-}" '
		$1 == pid && (start == "" || int($2 / 10000000) == start)' $folder/"$1"
}

start_of()
{
	sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f 20
}

# begin_reader NAME ARG...: of events; sets reader
begin_reader()
{
	local name=$1

	shift
	in_background "$files" events "$@" >"$name.books"
	reader=$job
	wait_until grep -q ready "$name.books"
}

# end_reader PID: it reads what there is, and writes down its books
end_reader()
{
	kill -TERM "$1"
	wait "$1"
}

# of_books NAME KEY
of_books()
{
	awk -v key="$2" '$1 == key { print $2 }' "$1.books"
}

# Where the time goes
mark()
{
	diag "after $SECONDS s: $1"
}

# ---- life --------------------------------------------------------------------------------

# What the kernel holds: bytes of its general caches, KiB per CPU. Slabs that are nobody's
# yet count, too, so of several looks the least is meant: what has leaked stays.
held()
{
	local i cache

	for i in 1 2 3; do
		# The memory of who has ended comes back a while later.
		sleep 0.7
		for cache in /sys/kernel/slab/kmalloc-[0-9]*/shrink; do
			echo 1 >"$cache"
		done
		awk '/^kmalloc-[0-9]/ { sum += $2 * $4 } END { printf "%.0f\n", sum }' /proc/slabinfo
	done | sort -n | head -n 1 | tr '\n' ' '
	awk '/^Percpu:/ { printf "%d ", $2 }' /proc/meminfo
}

# Objects and areas taken by a module that is gone: the caller has no name any more.
# The callers of objects are known only if the kernel was started with slub_debug=U. What an
# interrupt takes has the names of what it interrupted, too.
left_behind()
{
	awk -v RS= '/sysvec_|softirq|irq_exit|common_interrupt/ { next }
		/\[mlocktrace\]|0xffffffff/ { sum += $1; print >traces }
		END { printf "%d ", sum }' traces="$1" \
		/sys/kernel/debug/slab/kmalloc-*/alloc_traces 2>/dev/null
	awk '/mlocktrace/ || $3 ~ /^0x/' /proc/vmallocinfo | wc -l
}

life()
{
	local i slab percpu slab_first percpu_first inexact='' growth=65536
	local before after areas_before areas

	# Code of the kernel that only its start needed has no name either.
	read -r before areas_before < <(left_behind traces.before)
	in_background "$workload" threads 4 1000000000
	busy=$job
	kill -STOP "$busy"
	for ((i = 1; i <= cycles; i++)); do
		load || break
		counted "$workload" hammer 0
		((seen == made)) || inexact+="cycle $i: $seen records of $made calls; "
		kill -CONT "$busy"
		unload || break
		kill -STOP "$busy"
		if ((i == 1)); then
			read -r slab_first percpu_first < <(held)
		fi
	done
	mark "$cycles cycles"
	check_equal life:_loaded_and_unloaded_while_threads_lock $((i - 1)) "$cycles"
	check_equal life:_every_call_is_counted_each_time "$inexact" ""
	read -r slab percpu < <(held)
	diag "from the first to the last of $cycles cycles: kmalloc $slab_first to $slab bytes," \
		"percpu $percpu_first to $percpu KiB"
	check life:_slab_does_not_grow test $((slab - slab_first)) -lt $growth
	check life:_percpu_does_not_grow test $((percpu - percpu_first)) -lt 128
	if grep -qs 'age=' /sys/kernel/debug/slab/kmalloc-1k/alloc_traces; then
		# The kernel keeps a few of its own for what the module asked of it, as trampolines.
		read -r after areas < <(left_behind traces.after)
		diag "objects of a module that is gone: $before before, $after after $cycles cycles"
		((after - before < cycles)) || diag_file traces.after 100
		check life:_no_object_is_left test $((after - before)) -lt "$cycles"
		check_equal life:_no_area_is_left "$areas" "$areas_before"
	else
		skip life:_no_object_is_left "start the kernel with slub_debug=U,kmalloc-*"
	fi
	end_job "$busy" KILL 2>/dev/null
}

[[ ! -d /sys/module/mlocktrace ]] || unload
life
mark life

# ---- parameters ----------------------------------------------------------------------------

accepted=
for garbage in buffer_kb=0 buffer_kb=3 buffer_kb=-1 buffer_kb=524288 buffer_kb=x groups=0 groups=65537 processes=0 \
	processes=1048577 entries=0 entries=1048577 uid=x enable=maybe failures_only=2 stacks=x; do
	load $garbage 2>/dev/null && accepted+="$garbage " && unload
done
check_equal parameters:_garbage_is_refused "$accepted" ""
check_equal parameters:_and_nothing_stays "$(ls -d /sys/module/mlocktrace $folder 2>/dev/null)" ""

cp "$workload" cycle
load buffer_kb=4 processes=2 comm=cycle stacks=1
counted "$workload" hammer 0
check_equal parameters:_comm_keeps_others_away $seen 0
counted ./cycle hammer 0
check_equal parameters:_comm_lets_its_own_through "$seen" "$made"
"$files" events -n $folder/events >all.books
check_equal parameters:_stacks_are_in_each_record \
	"$(of_books all stacks)" "$(of_books all delivered)"
check_equal parameters:_a_small_buffer_keeps_what_fits \
	"$(of_books all sum)" $((seen - $(stat_of overwritten)))
check parameters:_buffer_kb_is_each_cpus \
	test "$(of_books all delivered)" -le $(($(nproc) * 4096 / 248))
untracked=$(stat_of untracked_processes)
for i in 1 2 3; do
	in_background ./cycle hold 1 >hold.$i
	holds[i]=$job
	wait_until test -s hold.$i
done
check_equal parameters:_processes_is_room_for_so_many \
	"$(($(wc -l <$folder/processes) - 1)) $(($(stat_of untracked_processes) - untracked))" "2 1"
for i in 1 2 3; do
	end_job "${holds[i]}" KILL 2>/dev/null
done
echo 0 >/sys/module/mlocktrace/parameters/stacks
begin_reader plain $folder/events new
counted ./cycle hammer 0
end_reader "$reader"
check_equal parameters:_stacks_can_be_switched_off \
	"$(of_books plain stacks) $(of_books plain wrong)" "0 0"
unload

load enable=0 uid=$user failures_only=1 entries=1000
counted "$workload" hammer 0
"$workload" user-loop 2
check_equal parameters:_enable_0_records_nothing "$(stat_of seen) $(cat $folder/enable)" "0 0"
echo 1 >$folder/enable
"$workload" loop 2
check_equal parameters:_uid_keeps_others_away "$(stat_of seen)" 0
strace -qq -e trace=mlock,mlock2,munlock,mlockall,munlockall -o calls "$workload" user-loop 4
check_equal parameters:_failures_only "$(stat_of seen)" "$(grep -c -- '= -1 E' calls)"
unload

load entries=2
counted "$workload" hammer 0.1
check parameters:_entries_is_room_for_so_many test "$(stat_of untracked)" -gt 0
unload
mark "parameters"

# ---- each file -----------------------------------------------------------------------------

load
"$workload" hammer 0 >/dev/null
"$workload" user-loop 2
in_background "$workload" hold 3 >hold.1
wait_until test -s hold.1

garbage=
for file in "${text_files[@]}" events ledger reset; do
	"$files" garbage $folder/"$file" >answers || garbage+="$file cannot be opened; "
	garbage+=$(grep -vE ' (EINVAL|EFAULT)$|^at_an_offset ESPIPE$' answers | sed "s/^/$file: /")
done
check_equal files:_garbage_is_refused "$garbage" ""
check_equal files:_and_changes_nothing \
	"$(cat $folder/enable) $(($(stat_of seen) >= 512))" "1 1"
same=("${text_files[@]/#/$folder/}" "$folder/ledger")
check files:_the_same_bytes_however_they_are_read "$files" same "${same[@]}"
check files:_partial_reads_by_dd cmp <(dd if=$folder/users bs=7 2>/dev/null) \
	<(dd if=$folder/users bs=1 2>/dev/null)
for file in abi processes users; do
	check "files:_200_openers_of_$file" "$files" openers $folder/$file 200 same
done
check files:_200_openers_of_stats "$files" openers $folder/ledger 200

check_equal files:_no_kernel_address "$(for file in "${text_files[@]}"; do
	grep -HE '[fF]{4}[0-9a-fA-F]{12}' $folder/"$file"
done)" ""
"$files" events -n $folder/events >all.books
check_equal files:_no_kernel_address_in_records \
	"$(of_books all addresses) $(of_books all wrong) $(of_books all overtaken)" "0 0 0"

# others NAME: none of the files can be opened by a user
others()
{
	# shellcheck disable=SC2016 # the user's own shell expands it
	check_equal "files:_$1" "$("${as_user[@]}" bash -c 'cd /; for file; do
		(: <"$file") 2>&1 | grep -q "Permission denied" || echo "$file can be read"
		(: >>"$file") 2>&1 | grep -q "Permission denied" || echo "$file can be written"
	done' others "${same[@]}" $folder/events $folder/reset 2>&1)" ""
}

mode=$(stat -c %a /sys/kernel/debug)
chmod 755 /sys/kernel/debug
others not_for_users
check_equal files:_not_even_the_folder \
	"$("${as_user[@]}" ls $folder 2>&1 | grep -c 'Permission denied')" 1
chmod 755 $folder
others not_for_users_by_their_own_modes
chmod 700 $folder
chmod "$mode" /sys/kernel/debug
mark "each file"

# ---- events --------------------------------------------------------------------------------

kept=$(($(stat_of seen) - $(stat_of overwritten)))
"$files" edges $folder/events >edges
check_equal events:_odd_reads_and_writes \
	"$(grep -v '^records' edges | diff - "$selftests/data/module-edges.txt")" ""
check_equal events:_nothing_is_lost_by_them "$(grep '^records' edges)" "records $kept"
check_equal events:_200_openers_at_a_time_get_all \
	"$("$files" openers $folder/events 200)" $((kept * 240))
check_equal events:_all_readers_are_gone "$(stat_of readers)" 0

begin_reader blocks $folder/events
check_equal events:_a_reader_keeps_the_module \
	"$(rmmod mlocktrace 2>&1 | grep -c 'in use') $(stat_of readers)" "1 1"
end_reader "$reader"
check events:_and_lets_it_go unload
mark "events"

# ---- full rate -----------------------------------------------------------------------------

load
counted "$workload" hammer 0.5
check_equal rate:_every_call_is_counted "$seen" "$made"
kept=$((seen - $(stat_of overwritten)))
"$files" events -n $folder/events >all.books
check_equal rate:_what_nobody_read_is_kept_or_overwritten \
	"$(of_books all delivered) $(of_books all lost)" "$kept 0"
begin_reader fast $folder/events new
fast=$reader
begin_reader slow -b 1024 -p 50 $folder/events new
slow=$reader
begin_reader killed -b 4096 -p 5 $folder/events new
killed=$reader
in_background sh -c "sleep 0.5; kill -KILL $killed"
{
	counted "$workload" hammer 1
	wait "$killed"
} 2>/dev/null
check_equal rate:_and_with_readers "$seen" "$made"
check_equal rate:_a_killed_one_is_gone "$(stat_of readers)" 2
end_reader "$fast"
end_reader "$slow"
for name in fast slow; do
	diag "$name reader: $(of_books $name delivered) delivered, $(of_books $name lost) lost"
	check_equal "rate:_${name}_reader:_delivered_and_lost_is_what_was_made" \
		"$(of_books $name sum) $(of_books $name wrong)" "$made 0"
done
check rate:_delivered_is_counted test "$(stat_of delivered)" -ge \
	$(($(of_books all delivered) + $(of_books fast delivered) + $(of_books slow delivered)))
diag "$(grep -w missed $folder/stats)"
check_equal rate:_all_were_followed "$(stat_of untracked) $(stat_of untracked_processes)" "0 0"
mark "full rate"

# ---- tables --------------------------------------------------------------------------------

"$workload" user-loop 1
echo 1 >$folder/reset
check_equal reset:_tables_are_empty "$(for file in processes ended refusals users; do
	tail -n +2 $folder/$file
done)" ""
check_equal reset:_counters_are_zero \
	"$(grep -vE '^(hooks_attached|hooks_failed|readers) ' $folder/stats | grep -v ' 0$')" ""

for i in 1 2 3; do
	in_background "$workload" hold $((i * 3)) >hold.$i
	holds[i]=$job
	wait_until test -s hold.$i
	start=$(start_of "$job")
	read -r _ _ uid locked peak events refusals cause comm < <(row processes "$job" "$start")
	bytes=$(awk '/^VmLck:/ { print $2 * 1024 }' "/proc/$job/status")
	check_equal "tables:_$((i * 3))_pages_are_VmLck" \
		"$uid $locked $peak $events $refusals $cause $comm" "0 $bytes $bytes 1 0 ok workload"
done
start=$(start_of "${holds[3]}")
end_job "${holds[3]}" KILL 2>/dev/null
check_equal tables:_who_has_ended_is_in_the_other_one \
	"$(row processes "${holds[3]}")$(row ended "${holds[3]}" "$start" | cut -d' ' -f 3-6)" \
	"0 0 $((9 * page)) 2"

# Another process by the same number
again=
if [[ -w /proc/sys/kernel/ns_last_pid ]]; then
	for ((i = 0; i < 20; i++)); do
		echo $((holds[3] - 1)) >/proc/sys/kernel/ns_last_pid
		in_background "$workload" hold 5 >hold.again
		again=$job
		((again != holds[3])) || break
	done
fi
if ((again == holds[3])); then
	wait_until test -s hold.again
	check_equal tables:_another_of_the_same_pid_is_another_one \
		"$(row processes "$again" | cut -d' ' -f 4-6) $(row ended "$again" | cut -d' ' -f 4-6)" \
		"$((5 * page)) $((5 * page)) 1 0 $((9 * page)) 2"
else
	skip tables:_another_of_the_same_pid_is_another_one "the kernel did not give the pid again"
fi

strace -qq -f -e trace=mlock,mlock2,munlock,mlockall,munlockall,prlimit64 -o calls \
	"$workload" user-loop 6
pid=$(cut -d' ' -f 1 calls | head -n 1)
# Limits that are only asked for are no events.
grep -vE 'prlimit64\(.*, NULL, ' calls >made_calls
read -r _ _ uid locked peak events refusals cause comm < <(row ended "$pid")
check_equal tables:_events_and_refusals_are_those_of_strace \
	"$uid $locked $events $refusals $comm" \
	"$user 0 $(wc -l <made_calls) $(grep -c -- '= -1 E' made_calls) workload"
check_equal tables:_refusals_by_cause_add_up \
	"$(row refusals "$pid" | awk '{ sum += $4 } END { print sum }')" "$refusals"
check_equal tables:_refusals_of_the_user \
	"$(awk -v uid=$user '$1 == uid { print $5 }' $folder/users)" "$refusals"
shm=$("$workload" shm-leave 7 $user)
held=$(awk -v uid=$user '$1 == uid { print $4 }' $folder/users)
ipcrm -m "$shm"
check_equal tables:_shm_of_the_user \
	"$held $(awk -v uid=$user '$1 == uid { print $4 }' $folder/users)" "$((7 * page)) 0"
mark "tables"

# ---- nothing in the kernel's log -----------------------------------------------------------

check_equal the_kernel_had_nothing_to_say "$(dmesg | tail -n +$((log_begin + 1)) |
	grep -E 'BUG|WARNING|Oops|general protection|Call Trace|lockdep|INFO:|Bad page')" ""

ktap_end
