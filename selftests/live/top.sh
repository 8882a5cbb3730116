#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The live view, on a terminal that is tmux's: what it shows against /proc/PID/status, keys, sizes,
# and how it leaves the terminal; in batch mode, figures against /proc and strace.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

user=$((1610612736 + $$)) # nobody else's
as=(setpriv --regid 65534 --clear-groups --reuid)
((EUID == 0)) || skip_all "not root"
# Others may run a workload, too.
mine=mine$$
cp "$workload" "$mine"
workload=$scratch/$mine

# vmlck PID: in KiB, as the screen has it below a MiB
vmlck()
{
	awk '$1 == "VmLck:" { print $2 "K" }' "/proc/$1/status"
}

# top_json FILE ARG...: rounds to FILE
top_json()
{
	local file=$1

	shift
	"$mlocktrace" top -b --json --tier "$tier" "$@" >"$file" 2>notes
}

# ---- batch mode: figures of a crowd

in_background prlimit --memlock=65536:131072 "${as[@]}" "$user" "$workload" crowd 100 >crowd 2>crowd.err
if ! wait_until grep -q ready crowd; then
	fail there_is_a_crowd "$(cat crowd.err)"
	ktap_end
fi
cat /proc/[0-9]*/status 2>/dev/null | awk -v user="$user" '
	$1 == "Pid:" { pid = $2 }
	$1 == "Uid:" { uid = $2 }
	$1 == "VmLck:" && $2 && uid == user { print pid, $2 * 1024 }' | sort -n >status
check there_are_holders test "$(wc -l <status)" -gt 30
for how in "" "--method proc" --no-trace; do
	name=${how:-traced}
	# shellcheck disable=SC2086 # several words, or none
	"$mlocktrace" top -b --json -n 3 -d 0.1 -u "$user" $how >rounds 2>notes
	check_equal "$name: exit_status" $? 0
	check_equal "$name: a_line_a_round" "$(jq -s -c 'map(.round)' rounds) $(wc -l <rounds)" "[1,2,3] 3"
	check_equal "$name: who_holds_how_much" \
		"$(tail -n 1 rounds | jq -r '.processes[] | [.pid, .locked] | join(" ")' | sort -n)" "$(cat status)"
	check_equal "$name: nothing_changes" "$(jq -c '[.processes[].change] | unique' rounds | sort -u)" "[0]"
	check_equal "$name: used" "$(jq -c '[.processes[] | .used_percent == (.locked * 100 / .limit | floor)] |
		unique' rounds | sort -u)" "[true]"
done
check_equal "no-trace: it_is_said" "$(jq -c '[.traced, .tier, .lost, (.why_not | length > 0)]' rounds |
	sort -u)" "[false,null,null,true]"
check_equal largest_first "$(jq -c '[.processes[].locked] | . == (sort | reverse)' rounds | sort -u)" true
"$mlocktrace" top -b --json -n 1 --no-trace -u "$user" --sort pid >rounds
check_equal sorted_by_pid "$(jq -c '[.processes[].pid] | . == sort' rounds)" true

LC_ALL=C "$mlocktrace" top -b -n 2 -d 0.1 --no-trace -u "$user" >text 2>notes
check_equal "text: exit_status" $? 0
check_equal "text: in_this_locale_ascii" "$(grep -cP '[^\x20-\x7e]' text)" 0
check_equal "text: it_fits" "$(awk 'length > 100' text | head -n 3)" ""
check_equal "text: a_line_for_each" "$(grep -cE "^. *[0-9]+ $user " text)" "$((2 * $(wc -l <status)))"
"$mlocktrace" top -b -n 1 --no-trace -u "$user" >text
check_equal "text: nothing_moves_the_cursor" "$(grep -cP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' text)" 0
"$mlocktrace" top -b -n 1000 -d 0.01 --no-trace | head -n 1 >text
check_equal "text: who_reads_no_more_ends_it" "${PIPESTATUS[*]}" "0 0"
kill "$job"

# ---- batch mode: refusals, as strace sees them

start_waiting user-loop 5
refused=$waiting
in_background "$mlocktrace" top -b --json --tier "$tier" -d 0.2 -p "$refused" --buffer 64M >rounds 2>notes
watcher=$job
wait_until test -s rounds
if type -P strace >/dev/null; then
	in_background strace -qq -o strace.out -e 'trace=/^m(un)?lock|setrlimit|prlimit' -p "$refused" 2>strace.err
	tracer=$job
	wait_until grep -q TracerPid:.*[1-9] "/proc/$refused/status"
	seen_before=$(jq -s 'map(.processes[0].refused // 0) | max' rounds)
	go_on "$refused"
	wait "$tracer"
	wanted=$(grep -cE '= -1 E' strace.out)
	counted()
	{
		(($(tail -n 1 rounds | jq '.processes[0].refused // 0') - seen_before >= wanted))
	}
	wait_until counted
	got=$(jq -s 'map(.processes[0].refused // 0) | max' rounds)
	if (($(jq -s 'last.lost' rounds) > 0)); then
		skip refusals_are_those_strace_sees "records were lost: others are refused without end"
	else
		check refusals_there_are_some test "$wanted" -gt 15
		check_equal refusals_are_those_strace_sees "$((got - seen_before))" "$wanted"
		check_equal who_has_ended_stays_for_its_refusals "$(tail -n 1 rounds |
			jq -c '.processes[0] | [.ended, .refused_lately, .last_refusal.errno != null]')" "[true,true,true]"
		check_equal the_last_refusal_is_a_record "$(tail -n 1 rounds | jq -c --argjson pid "$refused" \
			'.processes[0].last_refusal | [.pid == $pid, .ret < 0, (.explain | length > 0)]')" "[true,true,true]"
	fi
else
	skip refusals_are_those_strace_sees "strace is not installed (make deps)"
fi
end_job "$watcher" INT
check_equal sigint_ends_it_cleanly $? 0
check_equal the_last_line_is_whole "$(jq -c .round rounds | wc -l)" "$(wc -l <rounds)"

# ---- the kernel module, where there is none

if [[ -x $double && ! -e /sys/module/mlocktrace ]]; then
	echo "op=mlock ret=-12 len=131072 asked=131072 flags=steps,overlap_known pid=4000001 cpu=1 uid=$user" >story
	"$double" module 4 <story
	check_equal "kmod: refusals_have_their_process" "$(MLOCKTRACE_DEBUGFS=$scratch/module "$mlocktrace" top -b \
		--json -n 1 --source kmod -u "$user" | jq -c '.processes[] | [.pid, .refused, .ended]')" "[4000001,1,true]"
fi

# ---- a terminal

type -P tmux >/dev/null || {
	skip screen "tmux is not installed (make deps)"
	ktap_end
}
export TMUX_TMPDIR=$scratch
unset TMUX

screens=0
t()
{
	tmux -L "top$screens" -f /dev/null "$@"
}
trap 't kill-server 2>/dev/null; live_clean_up' EXIT

only=(-c "$mine")

# A server that is on its way out takes no new session.
another_terminal()
{
	t kill-server 2>/dev/null
	((++screens))
}

# start_screen COLUMNS ROWS "VARIABLE=VALUE..." ARG...: top in a terminal, and what follows it there
start_screen()
{
	local columns=$1 rows=$2 environment

	read -ra environment <<<"$3"
	shift 3
	another_terminal
	# shellcheck disable=SC2016 # the inner shell's
	t new-session -d -x "$columns" -y "$rows" env "${environment[@]}" sh -c '
		trap : INT # the terminal sends it to us both
		stty -g >before
		"$@" 2>screen.err
		echo "ended with $?"
		stty -g >after
		echo all is done
		exec sleep 1000' sh "$mlocktrace" top -d 0.3 "${only[@]}" "$@"
}

screen()
{
	t capture-pane -p
}

on_screen()
{
	screen | grep -qE -- "$1"
}

# shows NAME PATTERN
shows()
{
	if wait_until on_screen "$2"; then
		pass "$1"
	else
		screen >picture
		diag_file picture 40
		fail "$1" "not on the screen: $2"
	fi
}

not_on_screen()
{
	! on_screen "$1"
}

keys()
{
	t send-keys "$@"
}

in_background "$workload" hold 33 >held
wait_until test -s held
holder=$job
if ! start_screen 80 24 LC_ALL=C.UTF-8 --tier "$tier" || ! wait_until on_screen '^mlocktrace top'; then
	screen >picture 2>&1
	diag_file picture
	diag_file screen.err
	fail there_is_a_screen
	ktap_end
fi
shows a_holder_has_its_vmlck "^. *$holder root +$mine +$(vmlck "$holder") "
shows the_machine_has_its_mlocked "^Locked .* Mlocked [0-9]"
check_equal every_line_is_there "$(screen | wc -l)" 24
in_background "$workload" hold 7 >held2
wait_until test -s held2
shows another_holder_comes "^. *$job root +$mine +$(vmlck "$job") "
end_job "$job" KILL 2>/dev/null
check and_goes wait_until not_on_screen "^. *$job root "

# Refused all the time, some ms apart
in_background "$workload" user-loop 100000 20000
refused=$job
shows who_is_refused_has_a_mark "^! *$refused nobody +$mine"
shows the_last_verdict_is_shown '^Last +[0-9]+s ago '
keys /
keys -l "$refused"
shows a_filter_is_typed "^/${refused}_"
keys Enter
check others_are_left_out wait_until not_on_screen "^. *$holder root "
shows the_filter_is_shown "only with \"$refused\""
# All at once: each key has to find what the one before has left.
keys Escape
check others_are_back wait_until on_screen "^. *$holder root "
keys / "$refused" Enter Enter
shows "detail: who" "^$mine\\[$refused\\] of user nobody \\(uid 65534\\)"
shows "detail: limit" '^limit +24K soft'
shows "detail: refusals" '^! [0-9]+s ago +m[a-z0-9]+ E'
keys End
shows "detail: verdict_and_remedy" 'prlimit --pid|not about the memlock limit'
shows "detail: ranges" "^ranges .* in RAM; .mlocktrace regions $refused. has them"
keys Escape Escape
shows back_in_the_table "^. *$holder root "
end_job "$refused" KILL 2>/dev/null
shows who_has_ended_has_another_mark "^x *$refused nobody"

keys u
shows by_user '^.root +[0-9]+ '
keys u P
pids_are_sorted()
{
	screen | sed -nE 's/^. *([0-9]+) .* [0-9]+(K|\.[0-9]M) .*/\1/p' >pids
	[[ -s pids ]] && sort -n -c pids
}
shows the_column_of_the_order_has_a_mark 'PIDv'
check sorted_by_pid_on_screen wait_until pids_are_sorted
keys r
shows reversed 'PID\^'
keys Space
shows paused PAUSED
keys Space
check goes_on wait_until not_on_screen PAUSED
keys h
shows help '^Keys$'
keys PageDown PageDown
shows help_scrolls 'Order by|used_percent|USED'
keys q

# ---- sizes

for size in "120 40" "60 14" "200 12" "80 24"; do
	read -r columns rows <<<"$size"
	t resize-window -x "$columns" -y "$rows"
	fits()
	{
		on_screen '^mlocktrace top' && on_screen "^. *$holder .* $(vmlck "$holder") " &&
			screen | tail -n 1 | grep -q '^Enter detail'
	}
	check "${columns}x$rows" wait_until fits
done
for size in "30 24" "80 5" "5 2"; do
	read -r columns rows <<<"$size"
	t resize-window -x "$columns" -y "$rows"
	check "${columns}x$rows: too_small" wait_until on_screen '^too s'
done
t resize-window -x 80 -y 24
shows large_enough_again "^. *$holder root "

# ---- ends

keys C-c
shows "ctrl_c: exit_status" 'ended with 0'
wait_until on_screen 'all is done'
check "ctrl_c: the_terminal_is_as_it_was" cmp before after
check_equal "ctrl_c: nothing_was_said" "$(cat screen.err)" ""

pid_of_top()
{
	pgrep -P "$(t list-panes -F '#{pane_pid}')" -x mlocktrace
}

start_screen 80 24 LC_ALL=C --no-trace
shows "c_locale: a_holder" "^. *$holder root "
check_equal "c_locale: ascii" "$(screen | grep -cP '[^\x20-\x7e]')" 0
shows "no-trace: it_is_said" '^Refused +not traced'
kill -TERM "$(pid_of_top)"
shows "sigterm: exit_status" 'ended with 0'
wait_until on_screen 'all is done'
check "sigterm: the_terminal_is_as_it_was" cmp before after

start_screen 80 24 "LC_ALL=C.UTF-8 NO_COLOR=1" --no-trace -n 2
shows "count: it_ends_by_itself" 'ended with 0'

only=(-u "$user")
in_background "${as[@]}" "$user" "$workload" crowd 100 >crowd
wait_until grep -q ready crowd
start_screen 80 24 LC_ALL=C.UTF-8 --no-trace -a
keys /
keys -l x0a
keys Enter
shows "hostile_names: they_are_escaped" '\\x0a'
check_equal "hostile_names: they_stay_in_their_lines" \
	"$(screen | sed -n '9,23p' | grep -v '^$' | grep -vcE "^. *[0-9]+ +${user:0:6}[0-9]*[+]? ")" 0
keys q
shows "q: exit_status" 'ended with 0'

another_terminal
t new-session -d -x 80 -y 24 "${as[@]}" 65534 env LC_ALL=C.UTF-8 "$mlocktrace" top -d 0.3 -c "$mine"
shows "unprivileged: a_holder" "^. *$holder root "
shows "unprivileged: it_is_said" 'without privilege|cannot be looked at'
shows "unprivileged: no_trace_is_said" '^Refused +not traced'

start_screen 80 24 "LC_ALL=C.UTF-8 TERM=nonsense"
shows "unknown_terminal: exit_status" 'ended with 1'
check "unknown_terminal: the_message_names_a_remedy" grep -q -- '-b' screen.err

# ---- what makes no sense

"$mlocktrace" top </dev/null >out 2>notes
check_equal "no_terminal: exit_status" "$? $(cat out)" "1 "
check "no_terminal: the_message_names_a_remedy" grep -q -- '-b' notes
for words in "--json" "-b --by nothing" "-b --sort nothing" "-b --method nothing" "-b 12" "-b -n 0" "-b -d 0" \
	"-b --no-trace --tier kprobe" "-b --source file"; do
	# shellcheck disable=SC2086 # several words
	"$mlocktrace" top $words >out 2>notes
	check_equal "top $words: exit_status" "$? $(cat out)" "2 "
	check "top $words: it_is_said" test -s notes
done

ktap_end
