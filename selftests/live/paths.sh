#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What locks and unlocks by the way is recorded: mmap, munmap, mremap, brk, shmat
# and stacks that grow, once per operation, with what it changed; refusals with
# their cause, and the limit that they name is enough. What changes nothing
# leaves no record.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/verdicts.sh
. "$selftests/lib/verdicts.sh"

# All in one run of mlocktrace: starting it is what takes the time.
programs=(workload workload-static workload-32)
prefix_of=("" "static: " "32_bit: ")
needy=("map_locked_needs_one_page_more mmap 1 11" "armed_mmap_needs_one_page_more mmap 1 11"
	"stack_needs_one_page_more stack 1 12")
cat >batch.sh <<'END'
folder=$1
shift
for program in workload workload-static workload-32; do
	"$folder/$program" exit 0 || continue
	"$folder/$program" --log log.$program --all paths 2>err.$program
	echo $? >status.$program
done
"$@"
END
trace_json out.json -f -e "$lock_ops,$path_ops" -- bash batch.sh "$load" \
	"${with_limit[@]}" log.limit --limit 0000065536 "${needy[@]%% *}"

if [[ $(uname -r) == 5.10.* ]] && records tier <out.json | grep -qx tracepoint; then
	skip_all "no tracepoints of mmap_lock and exit_mmap before 5.11: only lock calls are seen"
fi
missed paths && ktap_end
prepare_comparison out.json
for ((i = 0; i < ${#programs[@]}; i++)); do
	prefix=${prefix_of[i]}
	compare "${programs[i]}" "$prefix"
	[[ -s status.${programs[i]} ]] || continue
	check_equal "${prefix}sum_of_deltas_is_vmlck_at_each_step" \
		"$(records time_ns pid op mm_id delta target_pid <out.json |
			awk -f "$selftests/lib/sums.awk" "log.${programs[i]}" - | head -n 20)" ""
done
check_equal refusals_add_up "$(wrong_sums out.json)" ""
check_equal every_refusal_is_explained \
	"$(jq -c 'select(.ret < 0 and (.explain // "") == "")' <out.json | head -n 5)" ""
check_equal nothing_is_left_unattributed "$(records op <out.json | grep -cx unattributed)" 0
check_equal no_record_was_lost "$(records op <out.json | grep -cx lost)" 0
check_named_limits "${needy[@]}"

ktap_end
