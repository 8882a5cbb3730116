#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The programs in the manuals of functions do what they say. What they print is compared with
# /proc and with what a workload does on purpose.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

examples=${load%/selftests/load}/examples
[[ -x $examples/refusals ]] || skip_all "no example programs: run make tests"

# says NAME PATTERN PROGRAM [ARG]...: it ends with 0, and a line of what it prints matches
says()
{
	local name=$1 pattern=$2 program=$3

	shift 3
	if ! "$examples/$program" "$@" >said 2>&1 || ! grep -qE -- "$pattern" said; then
		diag_file said
		fail "$name"
	else
		pass "$name"
	fi
}

# printed FILE PATTERN
printed()
{
	wait_until grep -qsE -- "$2" "$1"
}

"$mlocktrace" record -q --tier "$tier" -o ended -- "$workload" user-loop 1
start_waiting hold 3 >ready
in_background "$mlocktrace" record -q --tier "$tier" -o recording -p "$waiting"
recorder=$job
wait_until test -s recording
go_on "$waiting"
wait_until test -s ready
held=$(awk '$1 == "VmLck:" { print $2 * 1024 }' "/proc/$waiting/status")
end_job "$recorder" INT
check_equal the_recording_is_there $? 0

says version "^libmlocktrace $("$mlocktrace" --version | cut -d' ' -f2)\$" version
says words '^EPERM \(errno\): ' words EPERM
check_equal words_are_those_of_explain "$("$examples/words" | cut -d' ' -f2 | sort -u)" \
	"$("$mlocktrace" explain | sed '/^$/,$d; s/^[a-z]* //' | xargs -n 1 | sort -u)"
says escape "^$(cat "/proc/$waiting/comm")\$" escape "$waiting"
says unit '^systemd: cron\.service$' unit /system.slice/cron.service
says tiers '^tracepoint( works|: .)' tiers

says accounts '^[1-9][0-9]* vmlck: 0 bytes, [1-9][0-9]* records$' accounts ended
says limits "^RLIMIT_MEMLOCK has to be $("$mlocktrace" report --json -q ended |
	jq -s 'map(.needed_limit // 0) | max') bytes\$" limits ended
check_equal to_json "$("$examples/to_json" recording)" "$("$mlocktrace" report --json -q recording)"
says who_locked '^[0-9a-f]+: mlock\(0x' who_locked "$waiting" recording
check_equal a_recording_that_is_missing "$("$examples/to_json" nothing 2>/dev/null; echo $?)" 1

says regions "^$held bytes are charged\$" regions "$waiting"
says machine "^$waiting: $held bytes charged\$" machine
says holders "^$waiting: $held bytes locked\$" holders
says ledger "^$waiting vmlck: $held\$" ledger

in_background "$workload" user-loop
busy=$job
says hooks '^[1-9][0-9]* records, ' hooks
says busiest '^mlock over_limit: [1-9][0-9]* calls, \+0 -0 bytes$' busiest
in_background "$examples/refusals" "$busy" >refused 2>&1
check refusals printed refused "^$busy mlock: over_limit: .*limit"
{
	printed polled "^$busy mlock = -12\$"
	echo
} | "$examples/poll" >polled
check_equal "poll: it_ends_with_a_line" "${PIPESTATUS[1]}" 0
check poll grep -q "^$busy mlock = -12\$" polled
start_waiting stacks 1 5000
in_background "$examples/stacks" "$waiting" >stacked 2>&1
wait_until test -s stacked
go_on "$waiting"
check stacks printed stacked '^'$'\t''stack_inner\+'

ktap_end
