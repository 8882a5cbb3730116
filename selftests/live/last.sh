#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# last: what led to refusals, from a flight recorder that a double of the module keeps.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

[[ -x $double ]] || skip_all "no double of the kernel module: run make -C selftests"
export MLOCKTRACE_DEBUGFS=$scratch/module

# last NAME WANTED ARG...: what comes out, as pid:op:ret with blank lines between groups
last()
{
	local name=$1 wanted=$2

	shift 2
	"$mlocktrace" last "$@" --json >out.json 2>err
	check_equal "$name: exit_status" $? 0
	check_equal "$name" "$(records pid op errno <out.json | tr '\t' : | paste -sd' ')" "$wanted"
}

# text ARG...: the text of it, and that it is fit to be read
text()
{
	"$mlocktrace" last "$@" >text 2>err
	check_equal "text $*: exit_status" $? 0
	check_equal "text $*: fits_the_page" "$(awk 'length($0) > 100' text)" ""
}

# ---- nothing to show

"$double" module </dev/null
text
check_equal empty: "$(cat text)" ""
check empty_is_said grep -q 'is empty' err
check_equal quiet_is_quiet "$("$mlocktrace" last -q 2>&1)" ""
"$double" module <<'END'
op=mlock pid=10 ago=200 len=4096
op=munlock pid=10 ago=100 len=4096
END
text
check_equal no_refusal "$(cat text)" ""
check no_refusal_is_said grep -q 'has no refusal; it holds 2 records and reaches back 3 min' err
text 10
check no_refusal_of_the_process_is_said grep -q 'has no refusal of process 10' err

# ---- what led to it

refused="ret=-12 len=131072 asked=131072 flags=steps,overlap_known"
cat >story <<END
op=setrlimit counter=none pid=5 target_pid=20 ago=90 limit=65536 old_limit=8388608 comm=prlimit
op=mlock pid=20 ago=80 len=4096 after=4096 mm_id=7
op=mlock pid=21 ago=79 len=4096 after=4096 mm_id=8
op=mlock pid=20 ago=70 $refused before=4096 after=4096 mm_id=7
op=munlock pid=20 ago=60 len=4096 before=4096 mm_id=7
op=mlock pid=30 start_ns=500 ago=59 len=4096 mm_id=9 # another one, of the same pid as the next
op=mlock pid=30 ago=58 $refused mm_id=10
op=mlock pid=22 ago=50 len=4096 before=4096 after=8192 mm_id=7 # shares the address space
op=mlock pid=20 tid=25 ago=40 $refused mm_id=7
END
"$double" module <story
before="5:setrlimit:null 20:mlock:null 20:mlock:ENOMEM"
after="20:munlock:null 22:mlock:null 20:mlock:ENOMEM"
last each_refusal_ends_a_group "$before 30:mlock:ENOMEM $after"
last one_process "30:mlock:ENOMEM" 30
last what_led_to_one_that_is_not_shown_leads_to_the_next "$before $after" -n 1
last the_last_of_one_process "$before $after" -n 1 20
check the_summary_counts grep -q '1 of 2 refusals of process 20; the flight recorder holds 9 records' err
last nobody "" 31
last whose_limit_was_set_is_no_refusal_of_its_own "$before $after" 20
text
check_equal groups_are_apart "$(grep -c '^$' text)" 2
check titles grep -qE '^TIME +PID/TID' text
check_equal each_has_its_verdict "$(grep -c 'over the limit' text)" 3
check who_did_it grep -q 'prlimit' text

# ---- older than what stands before it

{
	echo "op=setrlimit counter=none pid=5 time_ns=1000 limit=65536 comm=prlimit"
	echo "op=munlock pid=20 time_ns=1500"
	echo "op=mlockall pid=20 time_ns=2000 after=4096 flags=MCL_FUTURE"
	echo "op=mlockall pid=21 time_ns=2000"
	for ((i = 0; i < 12; i++)); do
		echo "op=mlock pid=20 ago=$((90 - i)) len=4096 before=$((i * 4096)) after=$((i * 4096 + 4096))"
	done
	echo "op=mlock pid=20 ago=50 $refused flags=armed limit_ns=1000 limit_pid=5 armed_ns=2000"
	echo "op=mlock pid=20 ago=49 $refused flags=armed limit_ns=1000 limit_pid=5 armed_ns=2000"
} | "$double" module
ten=$(printf '20:mlock:null %.0s' {1..10})
last limit_and_mlockall_are_found "5:setrlimit:null 20:mlockall:null ${ten}20:mlock:ENOMEM 20:mlock:ENOMEM"
last verbose_shows_all "5:setrlimit:null 20:munlock:null 20:mlockall:null ${ten}20:mlock:null 20:mlock:null 20:mlock:ENOMEM 20:mlock:ENOMEM" -v
text
check what_is_left_out_is_counted grep -q '3 earlier records that may bear on it: -v' text
text -v
check verbose_leaves_nothing_out test "$(grep -c 'mlock(' text)" -eq 14

# ---- only the past

"$double" module <<END
op=lost count=7
op=mlock pid=20 ago=5 $refused
op=mlock pid=21 ago=-1000 $refused
END
last what_is_made_meanwhile_is_not_the_past "20:mlock:ENOMEM"
check what_was_overwritten_is_counted grep -q '7 records were overwritten' err

# ---- what can be wrong

# fails NAME WORDS ARG...
fails()
{
	local name=$1 words=$2

	shift 2
	"$mlocktrace" last "$@" >text 2>err
	check_equal "$name: exit_status" $? 1
	check "$name: message" grep -q -- "$words" err
}

"$double" module <story
printf 'half a record' >>module/events
fails damaged 'all records before it'
check what_came_before_is_shown grep -q 'over the limit' text
echo 2 >module/abi
fails another_version 'speaks version 2'
rm -r module
fails not_there "$MLOCKTRACE_DEBUGFS"
if [[ ! -e /sys/module/mlocktrace ]]; then
	unset MLOCKTRACE_DEBUGFS
	fails not_loaded 'modprobe mlocktrace'
	export MLOCKTRACE_DEBUGFS=$scratch/module
fi
"$double" module <story
chmod 600 module/*
chown -R 0:0 module 2>/dev/null
if ((EUID == 0)); then
	setpriv --reuid 65534 --regid 65534 --clear-groups "$mlocktrace" last >text 2>err
	check_equal "others: exit_status" $? 1
	check "others: it_says_who_may" grep -q 'run as root' err
fi
"$mlocktrace" last >/dev/full 2>err
check_equal "full: exit_status" $? 1
check "full: message" grep -q 'cannot write to stdout' err

# ---- usage

for arguments in "1 2" "one" "0" "-n 0" "-n x" "-n" "-p 1"; do
	# shellcheck disable=SC2086 # words
	"$mlocktrace" last $arguments >text 2>err
	check_equal "usage: $arguments" $? 2
done

ktap_end
