#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who has used up a limit without locking anything: one process of a user holds
# buffers of io_uring, and another one, that holds nothing, is refused. VmLck of both
# is 0, and the verdict says whose counter it is; audit shows it, and the charge for
# a segment whose locker is gone.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

need ipcrm
page=4096
limit=$((16 * page))
uid=$((0x60000000 + $$)) # as FIRST_UID of load/workload.h: nobody else's
segment=
trap '[[ -z $segment ]] || ipcrm -m "$segment"; live_clean_up' EXIT

# Kernels that charge the rings themselves have room for both: of a page or two each.
cat >batch.sh <<'END'
held_by()
{
	local file=$1

	shift
	"$@" >"$file" &
	until [[ -s $file ]] || ! kill -0 $!; do
		sleep 0.05
	done
}
program=("$1" --limit "$2" ring-hold)
held_by first "${program[@]}" 12 "$3"
held_by second "${program[@]}" 8 "$3"
for pid in $(cut -d ' ' -f 1 first second); do
	awk '$1 == "VmLck:" { print $2 }' "/proc/$pid/status" >>vmlck
done
kill $(jobs -p)
wait
END
"$mlocktrace" record --tier "$tier" -o data -e io_uring -f -- \
	bash batch.sh "$workload" "$limit" "$uid" 2>notes
"$mlocktrace" report --json data >out.json 2>report.notes
"$mlocktrace" report data >out.text 2>report.notes
missed ghost steps && ktap_end

read -r first what errno with_ring <first
[[ $what != ring ]] || skip_all "users may have no io_uring: errno $errno"
read -r second _ <second

# charged_by PID: to that user, in bytes
charged_by()
{
	jq -s "map(select(.pid == $1 and .counter == \"user\" and .owner_uid == $uid) | .delta) | add + 0" out.json
}

# of_refusal FILTER
of_refusal()
{
	jq -c "select(.pid == $second and .ret < 0) | $1" out.json
}

check_equal the_first_process_gets_its_buffer "$what" held
check_equal the_second_is_refused "$(cut -d ' ' -f 2,3 second)" "buffer 12"
if ((with_ring)); then
	skip neither_has_locked_memory "this kernel charges rings to VmLck, too"
else
	check_equal neither_has_locked_memory "$(paste -s -d ' ' vmlck)" "0 0"
fi
held=$(charged_by "$first")
ring=$(charged_by "$second")
check the_first_is_charged_for_its_buffer test "$held" -ge $((12 * page))
check_equal the_second_is_charged_for_its_ring_at_most $((ring <= 2 * page)) 1
check_equal "verdict: cause_and_counter" "$(of_refusal '[.cause, .counter, .owner_uid]')" \
	"[\"over_limit\",\"user\",$uid]"
check_equal "verdict: had_before_what_both_are_charged" "$(of_refusal .before)" $((held + ring))
check_equal "verdict: it_adds_up" \
	"$(of_refusal "[.asked, .limit, .needed_limit, .before + .asked > .limit]")" \
	"[$((8 * page)),$limit,$((held + ring + 8 * page)),true]"
size=$(((held + ring) / 1024))K
check "text: names_the_counter_and_the_user" grep -qF \
	"over the limit: user $uid's io_uring, AF_XDP and zero-copy memory: $size held by all its processes" \
	<(tr -s ' \n' ' ' <out.text)

# rows FILE: what that user is charged, by the audit
rows()
{
	jq -c "select(.type == \"user\" and .uid == $uid and .kernel != 0) |
		[.counter, .kernel, .books, .drift, .unattributed]" "$1" | sort | paste -s -d ' '
}

# Another user: a kernel thread may still be about to give back what this one had.
((uid += 0x1000000))
in_background "$workload" --limit "$limit" ring-hold 12 "$uid" >holder
wait_until grep -q held holder
"$workload" --limit "$limit" shm-leave 4 "$uid" >id
segment=$(<id)
"$mlocktrace" audit --tier "$tier" -a -d 0.2 --json -o audit.json 2>notes
if grep -q 'keeps no books' notes; then
	skip audit "this tier does not see address spaces end here"
	ktap_end
fi
missed audit steps && ktap_end
user_row="[\"user\",$held,$held,0,0]"
check_equal "audit: shows_both_counters" "$(rows audit.json)" \
	"[\"shm\",$((4 * page)),$((4 * page)),0,0] $user_row"
ipcrm -m "$segment"
segment=
"$mlocktrace" audit --tier "$tier" -a -d 0.2 --json -o audit.json 2>notes
check_equal "audit: a_segment_is_charged_until_it_is_removed" "$(rows audit.json)" "$user_row"

ktap_end
