#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is charged to a user or pinned is recorded, with the counter it moves: System
# V segments, io_uring, perf rings, AF_XDP, zero-copy sends, secret memory. Refusals
# have their cause, and add up; what was charged is given back, whoever does it; and
# the books agree with counters that are in no file: after each step with those that the
# kernel has by then, and in an audit.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/verdicts.sh
. "$selftests/lib/verdicts.sh"

charge_fields="time_ns pid op counter delta ret cause owner_uid"
book_fields="pid op counter mm_id owner_uid before delta after target_pid"

# unseen NAME: what this tier need not see of the scenarios of that program: see
# lib/unseen.awk. The tracepoint tier looks at a counter when a system call of its user
# ends, so it sees the sum of what has happened until then.
unseen()
{
	if [[ $function_tier == 1 ]]; then
		# Its function is there, but its callers contain copies of it.
		[[ $(uname -r) != 5.10.* ]] || cut -f 3 charge.records | grep -qx zerocopy ||
			echo ".* zerocopy * late mm_account_pinned_pages is inlined into its callers"
		[[ $(uname -r) != 5.10.* ]] ||
			echo ".* perf_mmap * late kernel/events/core.c is not to be traced"
		return
	fi
	cat <<END
.* io_uring|xdp_umem|zerocopy - late given back by a kernel thread or an interrupt
.* secretmem * late a fault and the last close of a file are no calls that are listened to
root_unlocks_a_users_segment shm_unlock 2|3 late what others give back to a user is seen at that user's next call
umem_of_sockets_is_charged xdp_umem 5 even as much as a kernel thread gave back since the last look
zerocopy_is_charged_under_way zerocopy 4 even two pages may be sent and given back before the call ends
END
	[[ $1 == 64 ]] || cat <<END
.* xdp_umem|zerocopy refused even sizes that 32-bit programs ask for are not read
END
	[[ $ends == 1 ]] ||
		echo ".* mmap|munmap * late no tracepoints of mmap_lock before 5.11: only lock calls are seen"
}

# without_unknown_sizes JSON: the size of a segment is in no argument of SHM_LOCK, and
# the segment only functions see
without_unknown_sizes()
{
	jq -c "select($function_tier == 1 or .op != \"shm_lock\")" <"$1"
}

charge_verdicts()
{
	awk -f "$selftests/lib/unseen.awk" -f "$selftests/lib/charges.awk" part=unseen "unseen.$1" \
		part=log "log.$1" part=records charge.records
}

# compare_books NAME PREFIX: at each step of that program, with the kernel's counters
compare_books()
{
	local name problem

	[[ -s status.$1 ]] || return
	while IFS=$'\t' read -r name problem; do
		check_equal "${2}books_are_the_kernels_counters: $name" "${problem//; /$'\n'}" ""
	done < <(awk -v ends="$ends" -f "$selftests/lib/unseen.awk" \
		-f "$selftests/lib/counters.awk" part=unseen "unseen.$1" part=log "log.$1" \
		part=records book.records)
}

# A file that tells its reader the counters of its user, as the kernel has them
kernels_counters()
{
	mkdir counters &&
		mount -t bpf -o mode=755 bpf counters &&
		trap 'umount -l counters; live_clean_up' EXIT &&
		bpftool iter pin "$load/counters.bpf.o" counters/of_reader &&
		chmod 444 counters/of_reader
}

# wrong_accounts JSON: counters whose changes do not come to what they are in the end,
# and users, made for one scenario each, who still hold something
wrong_accounts()
{
	records time_ns counter mm_id before delta after owner_uid <"$1" | sort -s -n -k 1,1 |
		awk -F '\t' -v all_is_seen="$function_tier" '
		$2 !~ /^(vmpin|user|perf|shm)$/ || $3 == 0 || $3 == "-" { next }
		{
			account = $2 " " $3 " of user " $7
			if (!(account in sum))
				first[account] = $4
			sum[account] += $5
			last[account] = $6
			if ($7 >= 1610612736) # FIRST_UID of load/workload.h
				is_ours[account] = 1
		}
		END {
			for (account in sum) {
				if (first[account] != "null" && last[account] != "null" &&
				    first[account] + sum[account] != last[account])
					print account ": " first[account] ", changes of " \
						sum[account] ", in the end " last[account]
				if (all_is_seen && is_ours[account] && sum[account])
					print account ": " sum[account] " are left"
			}
		}'
}

if ! kernels_counters >counters.err 2>&1; then
	fail the_kernels_counters_can_be_read "$(cat counters.err)"
	ktap_end
fi
# All in one run of mlocktrace: starting it is what takes the time.
cat >batch.sh <<'END'
"$1" --log log.64 --counters counters/of_reader --all charges 2>err.64
echo $? >status.64
"$2" exit 0 && {
	"$2" --log log.32 --counters counters/of_reader --all charges 2>err.32
	echo $? >status.32
}
END
trace_json out.json -f -e "$lock_ops,$path_ops,$charge_ops" -- bash batch.sh "$workload" \
	"$load/workload-32"

missed charges steps && ktap_end
prepare_comparison out.json
# shellcheck disable=SC2086 # a list
records $charge_fields <out.json | sort -s -n -k 1,1 >charge.records
# shellcheck disable=SC2086
records time_ns duration_ns $book_fields <out.json |
	awk -F '\t' '{ printf "%.0f\t%s\n", $1 + $2, $0 }' | cut -f 1,4- | sort -s -n -k 1,1 >book.records
unseen 64 >unseen.64
unseen 32 >unseen.32
compare 64 "" charge_verdicts
compare 32 "32_bit: " charge_verdicts
compare_books 64 ""
compare_books 32 "32_bit: "
without_unknown_sizes out.json >sized.json
check_equal refusals_add_up "$(wrong_sums sized.json)" ""
check_equal every_refusal_is_explained \
	"$(jq -c 'select(.ret < 0 and (.explain // "") == "")' <out.json | head -n 5)" ""
check_equal sums_are_what_the_counters_are "$(wrong_accounts out.json)" ""
check_equal no_record_was_lost "$(records op <out.json | grep -cx lost)" 0

# charged_unseen LOG...: users who are charged where nothing is hooked, in a list for
# jq: by faults in secret memory, in the tracepoint tier, and for perf rings, in the
# function tiers on 5.10. It is found later, when nobody can tell what it was.
charged_unseen()
{
	local op=secretmem

	if [[ $function_tier == 1 ]]; then
		[[ $(uname -r) == 5.10.* ]] || return
		op=perf_mmap
	fi
	awk -F '\t' -v op=$op '$4 == op { print $14 }' "$@" 2>/dev/null | sort -u | paste -s -d ,
}

check_equal nothing_is_left_unattributed "$(jq -c --argjson but "[$(charged_unseen log.*)]" \
	'select(.op == "unattributed" and (.owner_uid | IN($but[]) | not))' <out.json | head)" ""

"$mlocktrace" audit --tier "$tier" --json -o audit.json -f -- \
	"$workload" --log log.audit --all charges 2>notes
status=$?
if grep -q 'keeps no books' notes; then
	skip audit "this tier does not see address spaces end here"
	ktap_end
fi
missed audit steps && ktap_end
check_equal "audit: exit_status" "$status" 0
diag_file notes
check_equal "audit: the_books_are_what_the_kernel_says" \
	"$(jq -c 'select(.type == "summary") | [.drift, .adrift, .pass]' <audit.json)" "[0,0,true]"
check_equal "audit: there_was_something_to_compare" \
	"$(jq 'select(.type == "summary") | .users > 0 and .records_compared' <audit.json)" true
check_equal "audit: no_row_is_wrong" "$(jq -c --argjson but "[$(charged_unseen log.audit)]" \
	'select(.type != "summary") | select(.drift != 0 or .records_agree == false or
		(.unattributed != 0 and (.uid | IN($but[]) | not)))' <audit.json | head)" ""

ktap_end
