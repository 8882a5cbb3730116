#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# doctor says what works here and why not, and it is right.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

# Every run of it tries out every tier, which takes its time: -v for all questions.
"$mlocktrace" doctor -v >text 2>err
check_equal exit_status $? 0
check verbose_lists_hooks grep -q sys_enter text
check_equal nothing_on_stderr "$(cat err)" ""
"$mlocktrace" doctor --json >doctor.json
check json_parses jq -e . doctor.json
check_equal it_knows_four_tiers "$(jq -r '.tiers[].name' doctor.json | sort | paste -sd' ')" \
	"fentry kmod kprobe tracepoint"
check_equal what_does_not_work_has_a_reason \
	"$(jq -c '.tiers[] | select((.works | not) and (.why_not // "") == "")' doctor.json)" ""
check_equal kernel_release "$(jq -r .kernel doctor.json)" "$(uname -r)"

for t in fentry kprobe tracepoint kmod; do
	works=$(jq --arg t $t '.tiers[] | select(.name == $t) | .works' doctor.json)
	"$mlocktrace" trace --tier $t --json -o out.json -- "$workload" loop 1 >out 2>notes
	status=$?
	if [[ $works == true ]]; then
		check_equal "$t: works_as_doctor_says" "$status $(records tier <out.json | sort -u)" "0 $t"
		check "$t: text_says_so" grep -qE "^$t: works" text
	else
		check_equal "$t: does_not_work_as_doctor_says" "$status" 1
		check "$t: text_gives_the_reason" grep -qA 4 -E "^$t: does not work" text
		check "$t: trace_gives_a_reason" grep -qE "$t|kernel module" notes
		# Debian's kernels can do all three of eBPF.
		[[ -z ${MLOCKTRACE_VM-} || $t == kmod ]] || fail "$t: works_on_a_stock_kernel" "$(sed -n "/^$t:/,/^$/p" text)"
	fi
done

best=$(jq -r .auto doctor.json)
# shellcheck disable=SC2016 # jq's variable
check the_best_is_one_that_works jq -e '. as $all | any(.tiers[]; .works and .name == $all.auto)' doctor.json
check_equal auto_takes_the_best "$("$mlocktrace" trace -q --json -o auto.json -- "$workload" loop 1
	records tier <auto.json | sort -u)" "$best"

# Everything about a tier that is asked for alone
check_equal one_tier "$("$mlocktrace" doctor --json --tier tracepoint |
	jq -r '.tiers[].name')" tracepoint

# As many as a return probe has instances, which depends on the number of CPUs.
check missed_returns_have_a_figure jq -e '.tiers[] | select(.name == "kprobe") |
	any(.sees[]; test("missed when more than [1-9][0-9]* tasks"))' doctor.json

nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
"${nobody[@]}" "$mlocktrace" doctor >text 2>err
check_equal "unprivileged: exit_status" $? 1
check "unprivileged: it_says_what_is_missing" grep -qE 'without CAP_|CAP_BPF' text

# The kernel module needs none.
"$mlocktrace" doctor --btf /dev/null >text 2>err
check_equal "useless_btf: exit_status" $? \
	"$(jq 'if any(.tiers[]; .name == "kmod" and .works) then 0 else 1 end' doctor.json)"
check "useless_btf: it_is_named" grep -qi btf text

ktap_end
