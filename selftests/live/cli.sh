#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The command line: help, version, usage errors (2), and the status of COMMAND.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

for command in "" trace record report audit size regions last doctor explain completion; do
	# shellcheck disable=SC2086 # no word at all for ""
	"$mlocktrace" $command --help >help 2>err
	check_equal "${command:-no_command}: help: exit_status" $? 0
	check "${command:-no_command}: help: on_stdout" grep -q '^Usage: mlocktrace' help
	check_equal "${command:-no_command}: help: fits_the_page" "$(awk 'length($0) > 100' help)" ""
done
"$mlocktrace" --version >version
check_equal "version: exit_status" $? 0
check "version: form" grep -qxE 'mlocktrace [0-9]+\.[0-9]+\.[0-9]+' version

# usage_error NAME ARG...
usage_error()
{
	local name=$1

	shift
	"$mlocktrace" "$@" >out 2>err
	check_equal "$name: exit_status" $? 2
	check "$name: message" test -s err
	check_equal "$name: nothing_on_stdout" "$(cat out)" ""
}

usage_error nothing_to_trace
usage_error unknown_command tarce
usage_error unknown_option --frobnicate
usage_error unknown_letter -Z
usage_error command_without_dashes trace "$workload"
usage_error dashes_without_command --
usage_error bad_pid -p one
usage_error negative_pid -p -1
usage_error huge_pid -p 99999999999999999999
usage_error empty_pid -p ''
usage_error bad_duration -d soon -a
usage_error negative_duration -d -1 -a
usage_error bad_tier --tier best -a
usage_error bad_op -e mlok -a
usage_error bad_buffer --buffer lots -a
usage_error bad_user -u no-such-user-here -a
usage_error long_comm -c a-name-of-more-than-fifteen-bytes -a
usage_error missing_argument -p
usage_error argument_too_many --json=yes
usage_error pid_and_all -a -p 1
usage_error two_recordings report a b
usage_error completion_of_no_shell completion
usage_error completion_of_an_unknown_shell completion csh
touch data
usage_error report_onto_its_recording report -o data data
check "unknown_command: the_nearest_is_offered" grep -q trace <("$mlocktrace" tarce 2>&1)
check "bad_op: the_nearest_is_offered" grep -q mlock <("$mlocktrace" -e mlok -a 2>&1)

# status_of NAME WANTED COMMAND...
status_of()
{
	local name=$1 wanted=$2

	shift 2
	trace -q -o text -- "$@" 2>notes
	check_equal "$name" $? "$wanted"
}

status_of status_0_is_the_commands "0" "$workload" exit 0
status_of status_3_is_the_commands "3" "$workload" exit 3
status_of killed_by_a_signal_is_128_and_it "143" bash -c 'kill -TERM $$'
touch not-executable
status_of not_executable_is_126 126 ./not-executable
status_of not_found_is_127 127 ./not-there
check not_found_is_named grep -q not-there notes

check_equal stdin_reaches_the_command "$(echo hello | trace -q -o text -- cat)" hello
trace -- "$workload" user-loop 1 >out 2>err
check_equal stdout_is_the_commands_own "$(cat out)" ""
check text_goes_to_stderr grep -q 'mlock(0x' err
# shellcheck disable=SC2016 # for the inner shell
trace --json -- bash -c 'echo to stdout; exec "$0" loop 1' "$workload" >out 2>err
check json_has_stdout_for_itself jq -e . out
check what_the_command_prints_is_not_lost grep -q 'to stdout' err
check_equal quiet_is_quiet "$(trace -q -o text -- "$workload" exit 0 2>&1)" ""

TZ=UTC trace -q -T -o text -- "$workload" loop 1
check time_of_day grep -qE '^[0-9]{2}:[0-9]{2}:[0-9]{2}' text
trace -q -v -o verbose -- "$workload" loop 1
check verbose_says_more test "$(wc -l <verbose)" -gt "$(wc -l <text)"
check_equal no_colour_in_files "$(grep -c $'\e' text)" 0

# What a user would type, in its shortest form
"$mlocktrace" -q -o text -- "$workload" loop 1
check trace_is_the_default_command grep -q 'mlockall(MCL_CURRENT' text

ktap_end
