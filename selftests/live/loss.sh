#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Nothing is lost without being counted: at full rate, with room for all records
# and with far too little, delivered + lost = calls made, exactly, on every CPU.
#
# MLT_HAMMER_SECONDS  how long; the machine decides how much that is

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

seconds=${MLT_HAMMER_SECONDS:-1}

# books JSON: delivered, lost, and what is wrong between numbers and losses
books()
{
	records op cpu seq count <"$1" | awk -F '\t' '
		$1 == "lost" { lost[$2] += $4; total_lost += $4; cpus[$2]; next }
		{
			cpus[$2]
			if ($3 <= last[$2])
				wrong = wrong "; cpu " $2 ": number " $3 " after " last[$2]
			last[$2] = $3
			delivered[$2]++
			total++
		}
		END {
			# Numbers begin at 1, so the last one tells how many were made until then.
			for (cpu in cpus)
				if (last[cpu] - delivered[cpu] > lost[cpu])
					wrong = wrong "; cpu " cpu ": " last[cpu] - delivered[cpu] \
						" numbers are missing, " lost[cpu] + 0 " told lost"
			print total + 0, total_lost + 0, (wrong == "" ? "balanced" : substr(wrong, 3))
		}'
}

# not_followed: calls that the tool itself says it could not follow. A return probe
# has few instances (on 5.10 as many as there are CPUs), so the kprobe tier can be
# short of them; the others must not be.
not_followed()
{
	local n

	n=$(sed -nE 's/.* ([0-9]+) calls? w[a-z]+ not followed.*/\1/p' notes)
	[[ $tier == kprobe ]] || n=0
	echo "${n:-0}"
}

# hammer NAME OPS OPTION...
hammer()
{
	local name=$1 ops=$2 calls delivered lost verdict noted

	shift 2
	hammer_lost=
	trace_json out.json -f -e "$ops" "$@" -- "$workload" hammer "$seconds" >made
	missed "$name" && return
	calls=$(jq .calls made)
	[[ $ops == *,* ]] || calls=$((calls / 2))
	read -r delivered lost verdict < <(books out.json)
	diag "$calls calls in $seconds s: $delivered delivered, $lost lost, $(not_followed) not followed"
	check_equal "$name: numbers_and_losses_agree_on_every_cpu" "$verdict" balanced
	check_equal "$name: delivered_and_lost_are_all_calls" \
		$((delivered + lost + $(not_followed))) "$calls"
	noted=$(sed -nE 's/.* ([0-9]+) records?, .* ([0-9]+) lost in .*/\1 \2/p' notes)
	check_equal "$name: the_summary_agrees" "$noted" "$delivered $lost"
	rm out.json
	hammer_lost=$lost
}

hammer default_buffer mlock,munlock
hammer tiny_buffer mlock,munlock --buffer 4K
if ((hammer_lost > 0)); then
	pass a_tiny_buffer_does_lose
elif [[ -n $hammer_lost ]]; then
	skip a_tiny_buffer_does_lose "this machine reads faster than it locks"
fi

hammer what_is_not_asked_for_is_not_lost munlock --buffer 4K

# A recording keeps its books in the trailer, and the report shows the same.
"$mlocktrace" record --tier "$tier" --buffer 64K -o data -f -e mlock,munlock -- "$workload" hammer "$seconds" >made 2>notes
"$mlocktrace" report --json data >out.json 2>report.notes
missed recording && ktap_end
read -r delivered lost verdict < <(books out.json)
check_equal "recording: numbers_and_losses_agree_on_every_cpu" "$verdict" balanced
check_equal "recording: delivered_and_lost_are_all_calls" \
	$((delivered + lost + $(not_followed))) "$(jq .calls made)"
check_equal "recording: the_table_knows_the_losses" \
	"$("$mlocktrace" report --summary --json data | jq -s 'last.lost')" "$lost"

ktap_end
