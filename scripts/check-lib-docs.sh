#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Manual pages of the library's functions: each function has one, with its prototype and the
# sections that belong to it, and the programs in them work. Prints KTAP.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

man3=(Documentation/man/*.3)
map=lib/libmlocktrace.map
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-lib-docs.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

# difference NAME FILE FILE: lines of one and not the other
difference()
{
	check_equal "$1" "$(diff "$2" "$3" | grep '^[<>]')" ""
}

functions_in_manual()
{
	sed -nE '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/ s/^\.(Fn|Fo) "?(mlocktrace_[a-z_0-9]+).*/\2/p' \
		"${man3[@]}" | sort
}

# They become links, so that man(1) finds each of them.
names_in_manual()
{
	sed -nE '/^\.Sh NAME/,/^\.Nd/ s/^\.Nm (mlocktrace_[a-z_0-9]+).*/\1/p' "${man3[@]}" | sort
}

# style/check-abi compares it with the headers and with what is exported.
functions_in_map()
{
	sed -nE 's/^[ \t]*(mlocktrace_[a-z_0-9]+);.*/\1/p' "$map" | sort
}

# As C, what the synopses say
prototypes_in_manual()
{
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "${man3[@]}" | awk '
		function quoted(text) { sub(/^[.]F[a-z] /, "", text); gsub(/"/, "", text); return text }
		/^[.]Ft / { type = quoted($0) }
		/^[.]Fn / {
			name = $2
			gsub(/" "/, ", ")
			sub(name " ", "")
			print type, name "(" quoted($0) ");"
		}
		/^[.]Fo / { name = $2; arguments = "" }
		/^[.]Fa / { arguments = arguments (arguments ? ", " : "") quoted($0) }
		/^[.]Fc/ { print type, name "(" arguments ");" }'
}

# sections_missing PAGE...: what a page of functions must have
sections_missing()
{
	local page section

	for page; do
		for section in NAME SYNOPSIS DESCRIPTION 'RETURN VALUES' EXAMPLES 'SEE ALSO'; do
			grep -qx "\.Sh $section" "$page" || echo "$page: $section"
		done
	done
}

# example PAGE: what is between the marks, as roff prints it
example()
{
	sed -n '/^\.\\" EXAMPLE BEGIN/,/^\.\\" EXAMPLE END/p' "$1" | grep -vE '^\.(\\"|Bd|Ed)' |
		sed 's/\\e/\\/g; s/\\-/-/g; s/\\&//g'
}

functions_in_map >"$scratch/map"
check there_are_functions test -s "$scratch/map"
functions_in_manual >"$scratch/manual"
difference every_function_is_in_one_manual "$scratch/map" "$scratch/manual"
names_in_manual >"$scratch/names"
difference every_function_has_a_page_of_its_name "$scratch/map" "$scratch/names"
{
	echo '#include <mlocktrace/mlocktrace.h>'
	prototypes_in_manual
} >"$scratch/prototypes.c"
check_equal every_function_has_a_prototype \
	"$(grep -c '^[^#].*);$' "$scratch/prototypes.c")" "$(wc -l <"$scratch/map")"
check prototypes_are_those_of_the_headers "${CC:-gcc}" -Werror -Iinclude -fsyntax-only "$scratch/prototypes.c"
check_equal pages_of_functions_are_complete \
	"$(sections_missing Documentation/man/mlocktrace_*.3)" ""

# The text is that of a program, which is compiled.
for page in "${man3[@]}"; do
	name=$(sed -n 's/^\.\\" EXAMPLE BEGIN //p' "$page")
	example "$page" >"$scratch/example.c"
	check_equal "$page: example_is_$name" \
		"$(sed -n '/^#include/,$p' "Documentation/examples/$name" | diff - "$scratch/example.c")" ""
	if [[ -e build/libmlocktrace.so ]]; then
		check "$page: example_works" "${CC:-gcc}" -std=gnu11 -Wall -Wextra -Werror -Iinclude \
			-o "$scratch/example" "$scratch/example.c" -Lbuild -lmlocktrace
	else
		skip "$page: example_works" "the library is not built"
	fi
done

ktap_end
