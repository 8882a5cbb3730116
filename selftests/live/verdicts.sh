#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every scenario of the workload is recorded as it happened, with the cause that
# it was made for; every refusal over the limit adds up; and the limit that the
# verdict asks for is enough, and a page less is not.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/verdicts.sh
. "$selftests/lib/verdicts.sh"

# All in one run of mlocktrace: starting it is what takes the time.
needy=("mlock_needs_one_page_more mlock 1 12" "overlap_counts_once mlock 2 12"
	"mlockall_needs_the_address_space mlockall 1 12")
cat >batch.sh <<'END'
"$1" --log log.64 --all calls 2>err.64
echo $? >status.64
"$2" exit 0 && { "$2" --log log.32 --all calls 2>err.32; echo $? >status.32; }
shift 2
"$@"
END
trace_json out.json -f -e "$lock_ops" -- bash batch.sh "$workload" "$load/workload-32" \
	"${with_limit[@]}" log.limit --limit 0000065536 "${needy[@]%% *}"

missed verdicts && ktap_end
prepare_comparison out.json
compare 64 ""
compare 32 "32_bit: "
check_equal refusals_add_up "$(wrong_sums out.json)" ""
check_equal every_refusal_is_explained \
	"$(jq -c 'select(.ret < 0 and (.explain // "") == "")' <out.json | head -n 5)" ""
check_equal no_record_was_lost "$(records op <out.json | grep -cx lost)" 0

check_named_limits "${needy[@]}"

ktap_end
