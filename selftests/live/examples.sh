#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The programs in the manuals of functions do what they say. What they print is compared with
# /proc and with what a workload does on purpose.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

examples=${load%/selftests/load}/examples
[[ -x $examples/refusals ]] || skip_all "no example programs: run make tests"

# status_of PID KEY: that line of /proc/PID/status, in bytes
status_of()
{
	awk -v key="$2:" '$1 == key { print $2 * 1024 }' "/proc/$1/status"
}

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

trace -q -o text -- "$workload" user-loop 1
"$mlocktrace" record -q --tier "$tier" -o recording -- "$workload" user-loop 1
start_waiting loop 1
wait_until test -n "$(status_of "$waiting" VmLck)"

says version "^libmlocktrace $("$mlocktrace" --version | cut -d' ' -f2)\$" version
says words '^EPERM \(errno\): ' words EPERM
check_equal words_are_those_of_explain "$("$examples/words" | cut -d' ' -f2 | sort -u)" \
	"$("$mlocktrace" explain | sed '/^$/,$d; s/^[a-z]* //' | xargs -n 1 | sort -u)"
says escape "^$(cat "/proc/$waiting/comm")\$" escape "$waiting"
says unit '^systemd: cron\.service$' unit /system.slice/cron.service
says tiers '^tracepoint( works|: .)' tiers

says accounts "^[0-9]+ vmlck: 0 bytes, [0-9]+ records\$" accounts recording
says limits '^RLIMIT_MEMLOCK has to be [1-9][0-9]* bytes$' limits recording
check_equal to_json "$("$examples/to_json" recording)" "$("$mlocktrace" report --json recording)"
check_equal a_recording_that_is_missing "$("$examples/to_json" nothing 2>/dev/null; echo $?)" 1

says regions "^$(status_of "$waiting" VmLck) bytes are charged\$" regions "$waiting"
says machine '^Mlocked is [0-9]+ bytes' machine
says holders '^[1-9][0-9]* processes, by (bpf|proc)$' holders

ktap_end
