#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The source kmod from the command line, with a double of the kernel module: which
# source is taken, what doctor says of it, and what of its own each command has to say.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

[[ -x $double ]] || skip_all "no double of the kernel module: run make -C selftests"
[[ ! -e /sys/module/mlocktrace ]] || skip_all "the kernel module itself is loaded"

refused="op=mlock ret=-12 len=131072 asked=131072 flags=steps,overlap_known"
cat >story <<END
op=mlock pid=20 cpu=0 len=4096 after=4096 mm_id=7
$refused pid=20 cpu=1 uid=1000 before=4096 after=4096 mm_id=7
op=lost cpu=1 count=3
$refused pid=30 cpu=1 mm_id=10
END

# set_up ROOM: the source's words go over so many bytes
set_up()
{
	"$double" module "$1" <story
}

export MLOCKTRACE_DEBUGFS=$scratch/module
set_up 4

# ---- the source

"$mlocktrace" trace --source kmod -a --json >out.json 2>notes
check_equal "trace: exit_status" $? 0
check_equal "trace: records" "$(records op pid errno tier source <out.json | tr '\t' : | paste -sd' ')" \
	"mlock:20:null:kmod:kmod mlock:20:ENOMEM:kmod:kmod lost:null:null:kmod:kmod mlock:30:ENOMEM:kmod:kmod"
check_equal "trace: it_told_the_module" "$(head -c 4 module/events)" new
check "trace: the_tier_is_named" grep -q 'tier kmod' notes
check "trace: summary" grep -qE ' 3 records, 2 refused, 3 lost' notes
check "trace: it_says_what_helps_against_losses" grep -q 'buffer_kb' notes
check_equal "trace: no_misses_of_former_times" "$(grep -c 'hook invocations' notes)" 0

set_up 4
check_equal the_tier_says_which_source \
	"$("$mlocktrace" -q --tier kmod -a --json | records tier | sort -u)" kmod
set_up 4
check_equal "filters: failures" "$("$mlocktrace" -q --source kmod -a -x --json | records pid | paste -sd' ')" \
	"20 null 30"
set_up 4
check_equal "filters: user" "$("$mlocktrace" -q --source kmod -u 1000 --json | records pid | paste -sd' ')" \
	"20 null"
set_up 4
"$mlocktrace" record -q --source kmod -a -o data
check_equal "recording: tier" "$("$mlocktrace" report -q --json data | records tier | sort -u)" kmod
check_equal "recording: losses" "$("$mlocktrace" report --summary --json data | jq -s 'last.lost')" 3

# ---- auto

set_up 4
check_equal bpf_comes_first "$("$mlocktrace" -q --json -- "$workload" loop 1 2>/dev/null |
	records source | sort -u)" bpf
set_up 4
chmod -R a+rwX .
if ((EUID == 0)); then
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$mlocktrace" -v -a --json >out.json 2>notes
	check_equal "auto: where_bpf_may_not_run" "$? $(records source <out.json | sort -u)" "0 kmod"
	check "auto: it_says_which" grep -q 'source kmod' notes
	check "auto: it_says_why" grep -q 'source bpf does not work: .*CAP_BPF' notes
	echo 7 >module/abi
	setpriv --reuid 65534 --regid 65534 --clear-groups "$mlocktrace" -a >out 2>notes
	check_equal "auto: neither: exit_status" $? 1
	check "auto: neither: of_bpf" grep -q CAP_BPF notes
	check "auto: neither: of_kmod" grep -q 'version 7' notes
	# Of what bpf cannot do for other reasons the module is no remedy.
	"$mlocktrace" --cgroup /proc >out 2>notes
	check_equal "auto: no_cgroup: exit_status" $? 2
	check_equal "auto: no_cgroup: of_kmod_not_a_word" "$(grep -c 'kernel module' notes)" 0
else
	skip "auto: where_bpf_may_not_run" "it takes root to have none of it"
fi

# ---- doctor

set_up 0
"$mlocktrace" doctor --json --tier kmod >doctor.json
check_equal "doctor: works" "$(jq -r '.tiers[] | "\(.name) \(.source) \(.works)"' doctor.json)" "kmod kmod true"
check_equal "doctor: hooks" \
	"$(jq -r '.tiers[].hooks[] | "\(.name) \(.attached) \(.hits) \(.misses) \(.why_not)"' doctor.json)" \
	"__x64_sys_mlock true 12 0 null
mmap_lock_released true 99 3 null
user_shm_lock false 0 0 no such function"
check "doctor: what_a_hook_is_for" jq -e 'all(.tiers[].hooks[]; .help != "")' doctor.json
check "doctor: what_it_cannot_see" jq -e 'any(.tiers[].sees[]; test("charged to users or pinned is not"))' \
	doctor.json
"$mlocktrace" doctor --tier kmod >text
check "doctor: text" grep -q '^kmod: works' text
check "doctor: text: misses" grep -q '3 times the kernel skipped a hook' text
check "doctor: text: what_is_missing" grep -qE 'no +user_shm_lock' text
check_equal "doctor: text: fits_the_page" "$(awk 'length($0) > 100' text)" ""
rm -r module
"$mlocktrace" doctor --json --tier kmod >doctor.json
check_equal "doctor: not_there" "$(jq -r '.tiers[] | "\(.works) \(.loaded)"' doctor.json)" "false false"
unset MLOCKTRACE_DEBUGFS
check "doctor: the_remedy" grep -q 'modprobe mlocktrace' <("$mlocktrace" doctor --json --tier kmod)

# ---- usage

for arguments in "--source kmod --tier fentry -a" "--source bpf --tier kmod -a" "audit --source data -a"; do
	# shellcheck disable=SC2086 # words
	MLOCKTRACE_DEBUGFS=$scratch/module "$mlocktrace" $arguments >text 2>err
	check_equal "usage: $arguments" $? 2
done

ktap_end
