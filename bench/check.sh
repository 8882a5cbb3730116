#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Has it become dearer? check.sh [KERNEL]: counts instructions in a virtual machine and compares with
# expected.tsv, by 5 %. The figures there are ratios to a bare hook measured in the same boot, so that
# they outlive updates of the kernel. Prints KTAP.

here=$(cd -P "$(dirname "$0")" && pwd)
top=$(cd -P "$here/.." && pwd)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"

kernel=${1:-6.12}
folder=$top/build/bench/check
expected=$here/expected.tsv

# set_ups: of those that the table speaks of, as a pattern
set_ups()
{
	awk -F '\t' -v kernel="$kernel" '
		$1 == kernel {
			n = split($2, word, " ")
			print word[2]
			if (word[1] == "relative")
				print word[3]
		}' "$expected" | sort -u | paste -sd'|'
}

names=$(set_ups)
[[ -n $names ]] || skip_all "Linux $kernel has no figures in bench/expected.tsv to compare with"
mkdir -p "$folder"
if ! "$here/run" --machine "$kernel" --only "@($names)" --into "$folder" >"$folder/log" 2>&1; then
	diag_file "$folder/log"
	fail "the machine measured"
	ktap_end
fi
while IFS=$'\t' read -r result name words; do
	case $result in
	pass) pass "$name: $words" ;;
	skip) skip "$name" "$words" ;;
	*) fail "$name" "$words; see Documentation/performance" ;;
	esac
done < <(awk -v expected="$expected" -f "$here/figures.awk" -f "$here/compute.awk" \
	-f "$here/check.awk" "$folder/measured-$kernel.tsv")
check "something was compared" test "$ktap_count" -gt 0
ktap_end
