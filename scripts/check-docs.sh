#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The manual pages say what there is, all of it and nothing else: options and
# commands, words of the vocabulary, metrics; and refer to pages that there are. Those of
# functions are looked at by check-lib-docs.sh. Prints KTAP.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

tool=build/mlocktrace
events=include/mlocktrace/events.def
man1=Documentation/man/mlocktrace.1
# Has its options to itself
exporter=Documentation/man/mlocktrace-exporter.1
commands1=(Documentation/man/mlocktrace*.1)
man3=(Documentation/man/*.3)
man7=Documentation/man/mlocktrace.7
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-docs.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

# difference NAME FILE FILE: lines of one and not the other
difference()
{
	check_equal "$1" "$(diff "$2" "$3" | grep '^[<>]')" ""
}

# Of our own pages, which are not there?
references_to_nothing()
{
	grep -hoE '^\.(It )?Xr (lib)?mlocktrace[a-z_-]* [137]' "${commands1[@]}" "${man3[@]}" "$man7" |
		sed 's/.*Xr //' | sort -u | while read -r name section; do
		[[ -e Documentation/man/$name.$section ]] ||
			grep -qE "^\.Nm $name( ,)?\$" "${man3[@]}" || echo "$name($section)"
	done
}

commands_in_help()
{
	"$tool" --help | sed -n '/^Commands/,$ s/^  \([a-z]*\) .*/\1/p'
}

help_of_all()
{
	local command

	for command in $(commands_in_help); do
		"$tool" "$command" --help
	done
}

options_in_help()
{
	help_of_all | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE '[-]-[a-z-]+$' | sort -u
}

options_in_manual()
{
	sed -nE 's/^\.It Fl (. , )?-([a-z-]+).*/--\2/p' "${commands1[@]}" | sort -u
}

letters_in_help()
{
	help_of_all | sed -nE 's/^ +(-[a-zA-Z]), (--[a-z-]+).*/\1 \2/p' | sort -u
}

letters_in_manual()
{
	sed -nE 's/^\.It Fl ([a-zA-Z]) , -([a-z-]+).*/-\1 --\2/p' "${commands1[@]}" | sort -u
}

check_equal pages_refer_to_pages "$(references_to_nothing)" ""

if [[ ! -r $man1 ]]; then
	fail every_option_is_in_the_manual "$man1 is missing"
elif [[ -x $tool ]]; then
	options_in_help >"$scratch/help"
	options_in_manual >"$scratch/manual"
	check there_are_options test -s "$scratch/help"
	difference every_option_is_in_the_manual "$scratch/help" "$scratch/manual"
	letters_in_help >"$scratch/help"
	letters_in_manual >"$scratch/manual"
	difference letters_mean_the_same_in_the_manual "$scratch/help" "$scratch/manual"
	undocumented=
	for command in $(commands_in_help); do
		grep -qE "^\.(Ss|Cm) $command\$" "$man1" || undocumented+="$command "
	done
	check_equal every_command_is_in_the_manual "$undocumented" ""
else
	skip every_option_is_in_the_manual "the tool is not built"
fi

for kind in OP CAUSE COUNTER FLAG TIER; do
	missing=
	while read -r word; do
		grep -qxF -- ".It Cm $word" "$man7" || missing+="$word "
	done < <(sed -nE "s/^MLT_$kind\([^\"]*\"([^\"]+)\".*/\1/p" "$events")
	check_equal "every_${kind,,}_is_in_the_manual" "$missing" ""
done

keys=$(sed -nE 's/.*put(_[a-z]+)?\((to|&object|&set), "([a-z_]+)".*/\3/p' lib/json.c | sort -u)
missing=
for key in $keys; do
	grep -qw -- "$key" "$man1" || missing+="$key "
done
check there_are_json_keys test -n "$keys"
check_equal every_json_key_is_in_the_manual "$missing" ""

sed -n '/^\.\\" METRICS BEGIN/,/^\.\\" METRICS END/p' "$exporter" |
	grep -v '^\.\\"' >"$scratch/manual"
scripts/metrics-table.sh >"$scratch/table"
check there_are_metrics test -s "$scratch/table"
difference every_metric_is_in_the_manual "$scratch/table" "$scratch/manual"

for page in Documentation/man/*; do
	if type -P mandoc >/dev/null; then
		check "$page: mandoc" mandoc -T lint -W warning "$page"
	elif type -P groff >/dev/null; then
		check_equal "$page: groff" "$(groff -ww -mandoc -Tutf8 -z "$page" 2>&1)" ""
	else
		skip "$page: roff" "neither mandoc nor groff is installed"
	fi
done

ktap_end
