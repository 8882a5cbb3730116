#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What Documentation/ says of the kernel module is what its source says: files in
# debugfs with their modes, titles of tables, keys, what can be written, parameters.
# Prints KTAP.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

abi=Documentation/ABI/testing/debugfs-mlocktrace
page=Documentation/kernel-module.md

# same NAME IN-THE-SOURCE IN-THE-DOCUMENT: lists, which must not be empty
same()
{
	local wanted got

	wanted=$(sort <<<"$2")
	got=$(sort <<<"$3")
	check "$1: the_source_has_some" test -n "$wanted"
	check_equal "$1" "$(diff <(echo "$wanted") <(echo "$got") | sed -n 's/^</undocumented:/p
		s/^>/not in the source:/p')" ""
}

# entry NAME: what the document says of that file
entry()
{
	awk -v file="$1" '/^What:/ { on = $2 ~ "/" file "$" } on' "$abi"
}

# names_of_table NAME: first column of the tables in a file's entry
names_of_table()
{
	entry "$1" | awk '/^\t\t=+ / { on = 1 + (on == 1 && rows); rows = 0; next }
		on == 1 && /^\t\t[^ \t]/ { print $1; rows = 1 }'
}

same every_file_is_described \
	"$(sed -nE 's/^\t\{ "([a-z]+)", (0[0-7]+), .*/\1 \2/p' kmod/debugfs.c)" \
	"$(awk '/^What:/ { file = $2; sub(".*/", "", file) }
		/^\t\tMode 0[0-7]+\./ && file { sub("\\.", "", $2); print file, $2 }' "$abi")"

for key in What Date KernelVersion Contact Description; do
	check_equal "every_entry_has_$key" "$(grep -c "^$key:" "$abi")" "$(grep -c '^What:' "$abi")"
done

same every_key_of_stats_is_described "$(sed -n '/^static int mlt_stats_show/,/^}/p' kmod/debugfs.c |
	sed 's/\\n/ /g' | grep -oE '[a-z_]+(%u_seen)? %(llu|u)' | sed 's/%u_/N_/; s/ .*//')" \
	"$(names_of_table stats)"

for table in processes refusals users; do
	titles=$(sed -nE "/mlt_${table}_show\(struct/,/^}/s/.*m, v, \"([a-z_ ]+)\\\\n\".*/\1/p
		s/^#define MLT_${table^^}_HEADER \"(.*)\\\\n\"/\1/p" kmod/debugfs.c)
	same "titles_of_$table" "$titles" "$(entry $table | sed -n 's/^\t\t\t\(pid\|uid\) /\1 /p')"
done

same every_command_of_events_is_described \
	"$(sed -n '/^static int mlt_reader_line/,/^}/p' kmod/events.c |
		sed -nE 's/.*str(cmp|ncmp)\(line, "([a-z]+).*/\2/p')" "$(names_of_table events)"

for limit in "MLT_READER_PIDS 64" "MLT_WRITE_MAX 4096"; do
	check "events: ${limit% *}" grep -q "^#define $limit\$" kmod/events.c
	check "events: ${limit#* }" grep -qw "${limit#* }" <(entry events)
done

# Offsets of struct mlt_entry, as the compiler has them
compiled=$(printf '%s\n' '#include <stddef.h>' '#include <stdio.h>' '#include "body/shared.h"' \
	'int main(void) {' '#define AT(f) printf("%zu %s\n", offsetof(struct mlt_entry, f), #f);' \
	"$(sed -n '/^struct mlt_entry {/,/^}/p' body/shared.h | sed 's,/[*].*,,' |
		grep -oE '[a-z_0-9]+(\[[A-Z_]+\])?[;,]' |
		sed -E 's/(\[.*)?[;,]/);/; s/^/AT(/')" \
	'printf("%zu\n", sizeof(struct mlt_entry)); }' |
	"${CC:-gcc}" -w -Iinclude -I. -x c -o build/entry - 2>&1 && build/entry; rm -f build/entry)
same every_field_of_the_ledger_is_described "$compiled" "$(entry ledger | awk '
	/^\t\t[0-9]+ +(__|char)/ { sub(/\[.*/, "", $3); print $1, $3 }
	/^\t\t[0-9]+ bytes:/ { print $1 }')"

same titles_of_counts "$(sed -nE 's/.*seq_puts\(m, "(op counter .*)\\n"\);/\1/p' kmod/counts_files.c)" \
	"$(entry counts | sed -nE 's/^\t\t\t(op counter )/\1/p')"
same every_title_of_counts_is_described \
	"$(sed -nE 's/.*seq_puts\(m, "(op counter .*)\\n"\);/\1/p' kmod/counts_files.c | tr ' ' '\n')" \
	"$(names_of_table counts)"

parameters=$(sed -nE 's/^module_param(_named|_cb)?\(([a-z_]+),.*/\2/p' kmod/main.c)
same every_parameter_is_described "$parameters" \
	"$(sed -nE 's/^\| \x60([a-z_]+)\x60 \| .* \| .* \|$/\1/p' "$page")"
same every_parameter_is_in_the_example "$parameters" \
	"$(sed -nE 's/^#options mlocktrace ([a-z_]+)=.*/\1/p' Documentation/modprobe.d/*.conf)"

ktap_end
