#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every scenario of the workload is recorded as it happened, with the cause that
# it was made for; every refusal over the limit adds up; and the limit that the
# verdict asks for is enough, and a page less is not.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

record_fields="pid tid op addr len arg ret cause before after uid limit hard_limit target_pid \
asked overlap flags"
# All in one run of mlocktrace: starting it is what takes the time. Address
# randomisation moves the stack and with it the size of the address space, which
# mlockall() asks for; the arguments must keep their length, as they are in it.
needy=(mlock_needs_one_page_more overlap_counts_once mlockall_needs_the_address_space)
cat >batch.sh <<'END'
"$1" --log log.64 --all calls 2>err.64
echo $? >status.64
"$2" exit 0 && { "$2" --log log.32 --all calls 2>err.32; echo $? >status.32; }
shift 2
setarch -R "$@"
END
trace_json out.json -f -- bash batch.sh "$workload" "$load/workload-32" \
	"$workload" --log log.limit --limit 0000065536 "${needy[@]}"

function_tier=1
records tier <out.json | grep -qx tracepoint && function_tier=0
ends=1
[[ $function_tier == 0 && $(uname -r) == 5.10.* ]] && ends=0
# shellcheck disable=SC2086 # a list
records $record_fields <out.json >all.records

# compare BITS PREFIX: all scenarios of one program
compare()
{
	local name problem

	if [[ ! -s status.$1 ]]; then
		skip "${2}all_scenarios" "such programs do not run here"
		return
	fi
	check_equal "${2}the_kernel_does_what_the_table_says" "$(cat "status.$1")" 0
	diag_file "err.$1"
	while IFS=$'\t' read -r name problem; do
		if [[ $name == refused_by_seccomp && $function_tier == 1 ]]; then
			# What a filter refuses never reaches the functions that are hooked.
			skip "$2$name" "only seen in the tracepoint tier"
		elif [[ -n $problem ]]; then
			fail "$2$name" "${problem//; /$'\n'}"
		else
			pass "$2$name"
		fi
	done < <(awk -v seen_ends=$ends -f "$selftests/lib/verdicts.awk" "log.$1" all.records)
	while IFS=: read -r _ name problem; do
		skip "$2${name# }" "${problem##*skipped: }"
	done < <(grep skipped: "err.$1")
}

# wrong_sums: refusals whose own figures do not show a limit that was exceeded
wrong_sums()
{
	records op cause before asked overlap limit needed_limit capable flags arg <"$1" | awk -F '\t' '
		function refuses(why) { print why ": " $0 }
		function pages(n) { return int(n / 4096) * 4096 }
		$2 == "over_limit" || $2 == "limit_zero" {
			if ($8 == "true")
				refuses("with the capability")
			if ($6 == "unlimited")
				refuses("without a limit")
			if (length($4) > 15) # more than awk can add up
				next
			sum = $1 == "mlockall" ? $4 : $3 + $4 - $5
			if ($2 == "over_limit" && sum <= pages($6))
				refuses("not over the limit")
			if ($2 == "over_limit" && $7 != sum)
				refuses("needs " sum)
			if ($2 == "limit_zero" && ($6 != 0 || $7 < 1))
				refuses("not a limit of zero")
		}
		$2 != "over_limit" && $2 != "limit_zero" && $7 != "-" { refuses("needs no limit") }'
}

compare 64 ""
compare 32 "32_bit: "
check_equal refusals_add_up "$(wrong_sums out.json)" ""
check_equal every_refusal_is_explained \
	"$(jq -c 'select(.ret < 0 and (.explain // "") == "")' <out.json | head -n 5)" ""
check_equal no_record_was_lost "$(records op <out.json | grep -cx lost)" 0

# result_with_limit LIMIT SCENARIO: errno of the call that was refused before
result_with_limit()
{
	setarch -R "$workload" --log log.again --limit "$(printf %010d "$1")" "${needy[@]}" 2>/dev/null
	# In overlap_counts_once it is the second of its calls.
	awk -F '\t' -v scenario="$2" '
		$1 == scenario && $4 ~ /^mlock/ && ++n == (scenario ~ /^overlap/ ? 2 : 1) {
			print -$8
		}' log.again
}

for scenario in "${needy[@]}"; do
	pid=$(awk -F '\t' -v s="$scenario" '$1 == s { print $2; exit }' log.limit)
	needed=$(records pid cause needed_limit <out.json |
		awk -v pid="$pid" '$1 == pid && $2 == "over_limit" { print $3; exit }')
	check_equal "$scenario: the_limit_named_is_enough" \
		"$(result_with_limit "${needed:-0}" "$scenario")" 0
	check_equal "$scenario: a_page_less_is_not" \
		"$(result_with_limit $((${needed:-0} - 4096)) "$scenario")" 12
done

ktap_end
