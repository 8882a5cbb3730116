#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel that is locked down: the module's records can still be had, and what cannot is
# refused with words that help. Only a restart unlocks it again, so run puts this last.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

lockdown=/sys/kernel/security/lockdown
[[ -n ${MLOCKTRACE_VM-} ]] || skip_all "what it does to a machine lasts until it is restarted"
[[ -e $lockdown ]] || mount -t securityfs none "${lockdown%/*}" 2>/dev/null
[[ -e $lockdown ]] || skip_all "this kernel has no lockdown"
folder=/sys/kernel/debug/mlocktrace
need strace

# refused NAME WORDS ARG...: tracing ends with status 1 and these words
refused()
{
	local name=$1 words=$2

	shift 2
	trace "$@" >/dev/null 2>notes
	check_equal "$name: exit_status" $? 1
	check "$name: is_explained" grep -q "$words" notes
	[[ ! -s notes ]] || sed 's/^/# /' notes
}

# Records from before must not be taken for what happens now.
"$workload" loop 2
echo integrity >$lockdown || skip_all "the kernel refuses to be locked down"

check_equal integrity:_events_can_be_read_only \
	"$( (: <$folder/events) 2>/dev/null && echo read; (: <>$folder/events) 2>/dev/null && echo write)" read
seen_ops=mlock,mlock2,mlockall,munlockall
strace -qq -e trace=$seen_ops -o calls "$workload" loop 4
start_waiting loop 4
attach "$waiting"
"$workload" loop 3
go_on "$waiting"
wait "$waiting" "$tracer"
check_equal integrity:_other_processes_are_held_back "$(records pid <out.json | sort -u)" "$waiting"
check_equal integrity:_every_call_has_its_record \
	"$(records op <out.json | grep -cxE "${seen_ops//,/|}")" "$(wc -l <calls)"
"$workload" loop 0 2000 &
jobs_to_end+=($!)
trace_json all.json -a -d 1
check integrity:_all_processes_can_be_traced grep -q '"workload"' all.json
refused integrity:_children "cannot be told to follow children" -f -- "$workload" loop 1
refused integrity:_stacks "echo 1 >/sys/module/mlocktrace/parameters/stacks" -k -- "$workload" loop 1
echo 1 >/sys/module/mlocktrace/parameters/stacks
trace_json stacks.json -k -- "$workload" loop 1
check integrity:_stacks_by_the_parameter grep -q '"stack"' stacks.json
check integrity:_last_works "$mlocktrace" last
check_equal integrity:_audit_drift \
	"$("$mlocktrace" audit --source kmod -- "$workload" loop 2 >audit 2>&1; echo $?)" 0

echo confidentiality >$lockdown
trace_json quiet.json -- "$workload" loop 1
check confidentiality:_the_module_still_works grep -q '"mlock"' quiet.json
"$mlocktrace" trace --source bpf -- "$workload" loop 1 >/dev/null 2>notes
check_equal confidentiality:_bpf_is_refused $? 1
check confidentiality:_and_why grep -q 'locked down (confidentiality)' notes
"$mlocktrace" trace --json -o auto.json -- "$workload" loop 1 2>notes
check confidentiality:_without_a_source_named_it_is_the_module grep -q '"kmod"' auto.json
check confidentiality:_doctor_names_it sh -c "'$mlocktrace' doctor 2>&1 | grep -q 'lockdown.*confidentiality'"

ktap_end
