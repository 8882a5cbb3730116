#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# With -k each record has the functions that led to the call, by name: those of
# the program and those of the kernel.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

# frames JSON: of the first record of mlock, one per line
frames()
{
	jq -r 'select(.op == "mlock") | .stack // [] | .[]' "$1" | sed 's/[+ ].*//'
}

# in_order NAME FILE FUNCTION...: those names appear in that order
in_order()
{
	local name=$1 file=$2 at=0 line

	shift 2
	for function; do
		line=$(tail -n +$((at + 1)) "$file" | grep -nxF -m 1 "$function" | cut -d: -f1)
		if [[ -z $line ]]; then
			diag_file "$file" 40
			fail "$name" "$function is missing after line $at"
			return
		fi
		at=$((at + line))
	done
	pass "$name"
}

# They sleep after their call: names are looked up in living processes. The end
# of a process is too late for its names, but must not hurt.
cat >batch.sh <<'END'
"$1/workload" stacks 1 1500
"$1/workload-static" stacks 1 1500
"$1/workload" fork-exec 2
END
trace_json out.json -k -f -e "$lock_ops" -- bash batch.sh "$load"
check every_record_parses jq -e . out.json
for program in workload workload-static; do
	# The first frame of ours, so that only the call under test is looked at.
	jq -c --arg c $program 'select(.op == "mlock" and .comm == $c)' out.json | head -n 1 \
		>$program.json
	frames $program.json >frames.txt
	in_order "${program}_functions_by_name" frames.txt raw_call stack_inner stack_middle \
		stack_outer run_stacks main
	check "${program}_stack_starts_in_the_kernel" grep -qE \
		'^(__x64_sys_|__do_sys_|__se_sys_|x64_sys_call|do_syscall_64|entry_SYSCALL|syscall_exit)' \
		frames.txt
done
check modules_are_named \
	jq -e 'any(.stack[]; test("stack_inner\\+0x[0-9a-f]+ \\(.*workload"))' workload.json

# A recording takes the names along, to its JSON and to its text.
"$mlocktrace" record --tier "$tier" -q -k -e mlock -o data -- "$workload" stacks 1 1500
"$mlocktrace" report --json data >out.json 2>notes
frames out.json >frames.txt
in_order a_recording_keeps_the_names frames.txt stack_inner stack_middle stack_outer
"$mlocktrace" report data >text 2>notes
for function in stack_inner stack_middle stack_outer; do
	check "text_shows_$function" grep -q "$function" text
done

# Charges that are seen at the end of a system call: the user's part of the stack.
trace_json out.json -k -f -e io_uring -- "$workload" --log log ring_buffers_are_charged
if jq -e 'select(.op == "io_uring")' <out.json >charges.json; then
	case $(uname -r) in
	5.10.*) skip charges_have_the_users_stack "no helper for it before 5.11" ;;
	*) check_equal charges_have_the_users_stack "$(jq -c 'select(.target_pid == null and
			((.stack // []) | length) < 5)' <charges.json)" "" ;;
	esac
else
	skip charges_have_the_users_stack "this kernel has no io_uring for us"
fi

ktap_end
