#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What can be said about all files: a licence on the first lines, no white space
# at the ends of lines, shell scripts that shellcheck has no word against, files
# that are not too long to read. Prints KTAP.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

# What is or will be in the repository
files()
{
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard
	else
		find . -type f -not -path './build/*' -not -path './.git/*' | sed 's|^\./||'
	fi | grep -vE '^selftests/data/' | while read -r file; do
		[[ ! -f $file ]] || echo "$file"
	done
}

# Package lists and golden data are plain text without comments.
source_files()
{
	files | grep -E '\.(c|h|sh|awk|def|map|[1-9]|pc\.in)$|(^|/)(Makefile|run|init|guest)$'
}

shell_scripts()
{
	files | while read -r file; do
		if [[ $file == *.sh ]] || head -n 1 "$file" | grep -qaE '^#! ?/.*\<(ba)?sh$'; then
			echo "$file"
		fi
	done
}

mapfile -t all < <(files)
mapfile -t sources < <(source_files)
check there_are_files test "${#sources[@]}" -gt 20

without=
for file in "${sources[@]}"; do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' || without+="$file "
done
check_equal every_source_has_a_licence "$without" ""
check_equal no_white_space_at_line_ends \
	"$(grep -nIE '[[:blank:]]+$' "${all[@]}" | cut -c 1-120 | head -n 20)" ""
check_equal every_file_ends_in_a_newline \
	"$(for file in "${sources[@]}"; do [[ -z $(tail -c 1 "$file") ]] || echo "$file"; done)" ""
check_equal no_file_is_too_long \
	"$(wc -l "${sources[@]}" | awk '$1 > 700 && $2 != "total" { print $2, $1 }')" ""
check_equal no_conflict_marks \
	"$(grep -nIE '^(<<<<<<<|>>>>>>>) ' "${all[@]}")" ""

if type -P shellcheck >/dev/null; then
	mapfile -t scripts < <(shell_scripts)
	for file in "${scripts[@]}"; do
		# 2317: functions that another one calls by name look unreachable. 2187:
		# busybox's shell is checked as dash. 2094:
		# arguments that are named like a file written to look like a loop.
		exclude=SC2317,SC2094,SC2187
		# Files to be sourced share variables with those that source them.
		head -n 1 "$file" | grep -q '^#!' || exclude+=,SC2034,SC2154
		check "shellcheck $file" shellcheck -x -e "$exclude" "$file"
	done
else
	skip shellcheck "shellcheck is not installed (make deps)"
fi

ktap_end
