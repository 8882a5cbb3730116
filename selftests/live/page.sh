#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The exporter's page in a headless Chromium: it shows what /proc and the workload say, in light
# and dark, wide and narrow, and what processes call themselves is only ever text.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/exporter.sh
. "$selftests/lib/exporter.sh"

need curl python3
((EUID == 0)) || skip_all "not root"
[[ -n $(type -P chromium-headless-shell chromium) ]] || skip_all "no Chromium is installed (make deps)"

page=$(getconf PAGESIZE)
# Others may run a workload, too.
mine=page$$
hostile='<img src=x>&"b"'
cp "$workload" "$mine"
cp "$workload" "$hostile"

# locked_by PID: as it is in /proc, in KiB
locked_by()
{
	awk '$1 == "VmLck:" { print $2 " KiB" }' "/proc/$1/status"
}

# of JQ: of facts, in one line
of()
{
	jq -c "$1" facts
}

# cell SCREEN PID COLUMN: of the table of holders
cell()
{
	jq -r --arg pid "pid $2" --arg column "$3" \
		".$1.holders[] | select(.Process | contains(\$pid)) | .[\$column]" facts
}

start_exporter --by comm
# Of each round a flag unknown, and a munlock() of what is not mapped
"./$mine" user-loop 12 >/dev/null
in_background "./$mine" hold 33 >held
holder=$job
in_background prlimit --memlock=$((4 * page)) setpriv --reuid 65534 --clear-groups "./$hostile" hold 3 >held2
named=$job
wait_until test -s held
wait_until test -s held2
url=http://127.0.0.1:$port
if ! python3 "$selftests/lib/page.py" "$url/" "$scratch" "./$mine" hold 44 >facts 2>why; then
	diag_file why
	diag_file browser.log
	fail the_page_was_seen
	ktap_end
fi

# ---- figures

for screen in light_wide dark_wide light_narrow dark_narrow; do
	check_equal "$screen: locked_is_vmlck" "$(cell $screen "$holder" Locked)" "$(locked_by "$holder")"
	check_equal "$screen: use_of_the_limit" "$(cell $screen "$named" "Of its limit")" \
		"75 % of $((4 * page / 1024)) KiB, $((page / 1024)) KiB left"
	check_equal "$screen: refusals_by_cause" "$(jq -r --arg group "$mine" ".$screen.refusals[] |
		select(.Group == \$group and (.Call == \"mlock2\" or .Call == \"munlock\")) |
		\"\(.Call) \(.Cause | split(\" \")[0] | .[0:9]) \(.Count)\"" facts | sort | paste -sd';')" \
		"mlock2 bad_flags 12;munlock not_mappe 12"
	check_equal "$screen: text_can_be_read" \
		"$(of ".$screen | if .least_contrast >= 4.5 then \"yes\" else .worst end")" '"yes"'
	check_equal "$screen: nothing_to_scroll_sideways" "$(of .$screen.sideways)" false
done
check_equal light_is_light "$(of '.light_wide.background > 0.7 and .light_narrow.background > 0.7')" true
check_equal dark_is_dark "$(of '.dark_wide.background < 0.05 and .dark_narrow.background < 0.05')" true
check_equal what_is_locked_later_is_seen "$(jq -r '"pid \(.followed.pid)" as $pid | .followed.seen.holders[] |
	select(.Process | contains($pid)) | .Locked' facts)" "$((44 * page / 1024)) KiB"
check the_chart_goes_on jq -e '.followed.seen.points > .light_wide.points' facts

# ---- names

check_equal a_hostile_name_is_text "$(cell light_wide "$named" Process)" "$hostile pid $named"
check_equal and_no_markup "$(of '[.[] | objects | .markup // 0] | add')" 0

# ---- for everybody

check_equal the_keyboard_comes_to_all "$(of .keyboard.met)" '["chart","metrics","this page as JSON"]'
check_equal arrow_keys_read_the_chart "$(of '.keyboard.readings | unique | length')" 2
check the_chart_has_words jq -e '.light_wide |
	(.chart | split(": ")[1] | split(" now")[0]) == .figures.vmlck' facts
check_equal meters_have_names "$(of '[.[] | objects | .unnamed_meters // 0] | add')" 0

# ---- states

check_equal no_complaints "$(jq -r '.complaints[]' facts)" ""
check_equal nothing_comes_from_elsewhere "$(of .origins)" "[\"$url\"]"
check_equal a_lost_connection_is_told "$(of '.lost | [.state, .figures.state, .shown]')" \
	'["lost","lost",["problem"]]'
check what_it_means_is_told jq -e '.lost.figures.problem | test("^No answer since .*is from before")' facts
check_equal what_was_known_stays "$(of '.lost.holders | length > 0')" true
check_equal later_it_is_there_again "$(of '.again | [.state, (.shown | index("problem"))]')" '["live",null]'
check_equal nothing_is_told_in_words "$(of .empty.shown)" \
	'["notice","holders-none","refusals-none","users-none"]'
check what_is_not_seen_is_told jq -e '.empty.figures.notice |
	contains("processes of others") and contains("2 processes are hidden") and contains("4 calls")' facts

get / -D headers -o /dev/null
check_equal only_its_own_code_runs "$(grep -oE "(default|script|style)-src '[a-z]+'" headers | paste -sd';')" \
	"default-src 'none';style-src 'self';script-src 'self'"
for job in "$holder" "$named" "$exporter"; do
	end_job "$job" KILL 2>/dev/null
done

ktap_end
