#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What others rely on: the symbols of the library are those of its map, all of
# them its own; the headers compile alone, as strict C and as C++, and describe
# the same bytes to 32-bit programs. Prints KTAP.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

library=build/libmlocktrace.so
map=lib/libmlocktrace.map
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-abi.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

in_map()
{
	sed -n 's/^[ \t]*\([a-z_0-9]*\);.*/\1/p' "$map" | sort
}

in_header()
{
	sed -nE 's/^[a-z].*\<(mlocktrace_[a-z_0-9]+)\(.*/\1/p' include/mlocktrace/*.h | sort -u
}

if [[ -e $library ]]; then
	nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
		sort >"$scratch/exported"
	check_equal exports_are_those_of_the_map "$(in_map | diff - "$scratch/exported")" ""
	check_equal exports_have_our_prefix "$(grep -v '^mlocktrace_' "$scratch/exported")" ""
	check_equal it_has_a_soname "$(readelf -d "$library" | grep -c 'SONAME.*libmlocktrace\.so\.')" 1
	check_equal it_needs_nothing_executable_on_the_stack \
		"$(readelf -lW "$library" | awk '$1 == "GNU_STACK" { print $7 }')" RW
else
	skip exports_are_those_of_the_map "$library is not built"
fi
check_equal the_map_is_the_header "$(diff <(in_map) <(in_header))" ""

# compiles NAME HEADER COMPILER...: a file of nothing but the header
compiles()
{
	local name=$1 header=$2

	shift 2
	printf '#include <%s>\nextern int nothing_else;\n' "$header" >"$scratch/alone.c"
	check "$name" "$@" -Werror -Wall -Wextra -pedantic -Iinclude -fsyntax-only "$scratch/alone.c"
}

for header in mlocktrace/event.h mlocktrace/counts.h mlocktrace/regions.h \
	mlocktrace/snapshot.h mlocktrace/mlocktrace.h; do
	compiles "$header: c11" $header "${CC:-gcc}" -std=c11
	compiles "$header: c++17" $header "${CXX:-g++}" -std=c++17 -x c++
	compiles "$header: clang" $header clang -std=c11
done
# Programs in the kernel have the types from somewhere else.
compiles "mlocktrace/event.h: bpf" mlocktrace/event.h clang -target bpf -std=gnu11 \
	-idirafter "/usr/include/$(gcc -print-multiarch)" -include linux/types.h

# Offsets of every field, by two compilations that do not run each other's code
sed -nE '/^struct mlocktrace_event \{/,/^\};/ { s/^[ \t]*(__[us][0-9]+|char) ([a-z_]+)(\[.*\])?;.*/\2/p }' \
	include/mlocktrace/event.h >"$scratch/fields"
{
	printf '#include <stdio.h>\n#include <mlocktrace/event.h>\nint main(void)\n{\n'
	sed 's/.*/printf("& %zu\\n", __builtin_offsetof(struct mlocktrace_event, &));/' "$scratch/fields"
	printf 'printf("all %%zu\\n", sizeof(struct mlocktrace_event));\nreturn 0;\n}\n'
} >"$scratch/offsets.c"
check offsets_are_known test "$(wc -l <"$scratch/fields")" -gt 30
if "${CC:-gcc}" -m32 -static -Iinclude -o "$scratch/offsets-32" "$scratch/offsets.c" 2>"$scratch/err" &&
	"$scratch/offsets-32" >"$scratch/offsets-32.txt"; then
	"${CC:-gcc}" -Iinclude -o "$scratch/offsets" "$scratch/offsets.c"
	check_equal offsets_are_those_of_32_bit \
		"$("$scratch/offsets" | diff - "$scratch/offsets-32.txt")" ""
else
	skip offsets_are_those_of_32_bit "no 32-bit programs here: $(head -n 1 "$scratch/err")"
fi

ktap_end
