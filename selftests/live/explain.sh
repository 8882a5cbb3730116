#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# explain knows every word of the vocabulary, as events.def has it.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

events=$selftests/../include/mlocktrace/events.def
"$mlocktrace" explain >list
check_equal "list: exit_status" $? 0

# Second string of each row
words()
{
	sed -nE "s/^MLT_$1\([^\"]*\"([^\"]+)\".*/\1/p" "$events"
}

if [[ -r $events ]]; then
	for kind in OP COUNTER CAUSE FLAG TIER; do
		unknown=
		for word in $(words $kind); do
			"$mlocktrace" explain "$word" >text 2>&1 &&
				grep -q "^$word (${kind,,})" text || unknown+="$word "
			grep -qw -- "$word" list || unknown+="$word(list) "
		done
		check_equal "every_${kind,,}_is_explained" "$unknown" ""
	done
	advised=
	for word in $(words CAUSE); do
		"$mlocktrace" explain "$word" | grep -q 'What to do' || advised+="$word "
	done
	check_equal every_cause_has_advice "$advised" ""
else
	skip every_word_is_explained "no events.def beside the tests"
fi

for word in ENOMEM EPERM EAGAIN EINVAL; do
	check "$word" "$mlocktrace" explain $word
done
check several_words test "$("$mlocktrace" explain over_limit ENOMEM | grep -c '^[a-zA-Z_]* (')" -ge 2
"$mlocktrace" explain over_limt >out 2>err
check_equal "unknown_word: exit_status" $? 1
check "unknown_word: the_nearest_is_offered" grep -q over_limit err
check_equal lines_fit_the_page "$("$mlocktrace" explain ENOMEM over_limit populate_failed |
	awk 'length($0) > 100' | wc -l)" 0

ktap_end
