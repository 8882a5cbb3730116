# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Scenarios of the workload against what was recorded of them. Sourced after
# live.sh. The programs' logs, messages and exit statuses are in the files
# log.NAME, err.NAME and status.NAME.

record_fields="pid tid op addr len arg ret cause before after uid limit hard_limit target_pid \
asked overlap flags old_addr"

# prepare_comparison JSON
prepare_comparison()
{
	function_tier=1
	records tier <"$1" | grep -qx tracepoint && function_tier=0
	ends=1
	[[ $function_tier == 0 && $(uname -r) == 5.10.* ]] && ends=0
	# shellcheck disable=SC2086 # a list
	records $record_fields <"$1" >all.records
}

# lock_verdicts NAME: a line per scenario of that program: its name, a tab, and nothing,
# what differs, or "skip: " and a reason
lock_verdicts()
{
	awk -v seen_ends="$ends" -v function_tier="$function_tier" -f "$selftests/lib/verdicts.awk" \
		"log.$1" all.records
}

# compare NAME PREFIX [JUDGE]: all scenarios of one program; JUDGE as lock_verdicts
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
		elif [[ $problem == skip:* ]]; then
			skip "$2$name" "${problem#skip: }"
		elif [[ -n $problem ]]; then
			fail "$2$name" "${problem//; /$'\n'}"
		else
			pass "$2$name"
		fi
	done < <("${3:-lock_verdicts}" "$1")
	while IFS=: read -r _ name problem; do
		skip "$2${name# }" "${problem##*skipped: }"
	done < <(grep skipped: "err.$1")
}

# wrong_sums: refusals whose own figures do not show a limit that was exceeded
wrong_sums()
{
	records op cause before asked overlap limit needed_limit capable after flags arg <"$1" | awk -F '\t' '
		function refuses(why) { print why ": " $0 }
		function pages(n) { return int(n / 4096) * 4096 }
		$2 == "over_limit" || $2 == "limit_zero" {
			if ($8 == "true")
				refuses("with the capability")
			if ($6 == "unlimited")
				refuses("without a limit")
			if (length($4) > 15 || $4 == "-" || !$4 && $1 == "mmap") # too long for awk, or unknown
				next
			sum = $1 == "mlockall" ? $4 : $3 + $4 - $5
			if ($2 == "over_limit" && sum <= pages($6))
				refuses("not over the limit")
			# What an mremap was to overwrite may be gone before the test.
			if ($2 == "over_limit" && $7 != sum && $3 == $9)
				refuses("needs " sum)
			if ($2 == "limit_zero" && ($6 != 0 || $7 < 1))
				refuses("not a limit of zero")
		}
		$2 != "over_limit" && $2 != "limit_zero" && $7 != "-" { refuses("needs no limit") }'
}

# Address randomisation moves the stack and with it the size of the address space,
# which mlockall() asks for; the arguments must keep their length, as they are in it.
with_limit=(setarch -R "$workload" --log)

# result_with_limit LIMIT SCENARIO OP N: errno of its N-th OP; takes needy
result_with_limit()
{
	"${with_limit[@]}" log.again --limit "$(printf %010d "$1")" "${needy[@]%% *}" 2>/dev/null
	awk -F '\t' -v scenario="$2" -v op="$3" -v n="$4" '
		$1 == scenario && $4 == op && !--n { print -$8 }' log.again
}

# check_named_limits "SCENARIO OP N ERRNO"...: what was refused with the limit of
# log.limit and traced to out.json is not with the limit that the verdict names
check_named_limits()
{
	local scenario op n errno pid needed

	for scenario; do
		read -r scenario op n errno <<<"$scenario"
		pid=$(awk -F '\t' -v s="$scenario" '$1 == s { print $2; exit }' log.limit)
		needed=$(records pid cause needed_limit <out.json |
			awk -v pid="$pid" '$1 == pid && $2 == "over_limit" { print $3; exit }')
		if ((${needed:-0} < 4096)); then
			fail "$scenario: the_limit_named_is_enough" "none was named"
			continue
		fi
		check_equal "$scenario: the_limit_named_is_enough" \
			"$(result_with_limit "$needed" "$scenario" "$op" "$n")" 0
		check_equal "$scenario: a_page_less_is_not" \
			"$(result_with_limit $((needed - 4096)) "$scenario" "$op" "$n")" "$errno"
	done
}
