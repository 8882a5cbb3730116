#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whatever a task calls itself, text stays text and JSON stays JSON.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

names=18 # of the workload's hostile-comm
tracing+=(-e "$lock_ops")

# dangerous FILE: control characters (also those of 8 bits, in UTF-8) and
# characters that turn the direction of writing
dangerous()
{
	grep -naP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$1" |
		cat -v | head -n 5
}

check_text()
{
	check_equal "$1: no_control_characters" "$(LC_ALL=C dangerous "$2")" ""
	check "$1: valid_utf8" iconv -f UTF-8 -t UTF-8 "$2"
}

trace -q -o text -- "$workload" hostile-comm
check_text text text
check_equal one_line_per_call_and_verdict "$(grep -c 'mlock(0x\|munlock(0x' text)" $((3 * names))
check_equal no_line_is_too_wide \
	"$(awk 'length($0) > 100' text | wc -l)" 0
trace -q --color=always -o colored -- "$workload" hostile-comm
sed 's/\x1b\[[0-9;]*m//g' colored >uncolored
check_text colored uncolored

trace_json out.json -- "$workload" hostile-comm
check_text json out.json
check json_parses jq -e . out.json
check_equal one_object_per_line "$(jq -c 'type' <out.json | sort | uniq -c | tr -s ' ')" \
	" $((3 * names)) \"object\""
if python3 -c '' 2>/dev/null; then
	check json_is_strict python3 -c '
import json, sys

def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), keys
    return dict(pairs)

def refuse(word):
    raise ValueError(word)

for line in open(sys.argv[1], "rb"):
    assert line.endswith(b"\n")
    record = json.loads(line.decode("utf-8", "strict"), object_pairs_hook=no_duplicates,
                        parse_constant=refuse)
    assert isinstance(record, dict)
' out.json
else
	skip json_is_strict "python3 is not installed"
fi
check_equal plain_names_are_left_alone "$(records comm <out.json | grep -cxF '%s%n%d%x')" 3
check_equal names_stay_distinct "$(records comm <out.json | sort -u | wc -l)" $names

"$mlocktrace" record --tier "$tier" -q -o data -- "$workload" hostile-comm
"$mlocktrace" report data >report 2>&1
check_text report report

# In the arguments, too: messages repeat what they were given.
"$mlocktrace" trace --tier "$tier" -q -- ./$'no\e[31m such\nprogram' 2>message
check_equal messages_are_escaped "$(LC_ALL=C dangerous message)" ""
check_equal messages_are_one_line "$(wc -l <message)" 1

ktap_end
