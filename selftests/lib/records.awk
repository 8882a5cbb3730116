# SPDX-License-Identifier: GPL-2.0
#
# Picks fields from JSON lines, without the rounding that 64-bit numbers suffer
# in jq: awk -v keys="pid op addr" -f records.awk. Tab-separated; strings as
# they are written, without the quotes; arrays as name,name; "-" if the key is
# missing. Keys inside of strings are safe from it: there, quotes are escaped.

function value(key,    at, text, n)
{
	if (!match($0, "\"" key "\": *"))
		return "-"
	text = substr($0, RSTART + RLENGTH)
	if (text ~ /^"/) {
		match(text, /^"([^"\\]|\\.)*"/)
		return substr(text, 2, RLENGTH - 2)
	}
	if (text ~ /^\[/) {
		n = index(text, "]")
		text = substr(text, 2, n - 2)
		gsub(/[" ]/, "", text)
		return text
	}
	match(text, /^[^,} ]*/)
	return substr(text, 1, RLENGTH)
}

BEGIN {
	n_keys = split(keys, key)
}

{
	line = value(key[1])
	for (i = 2; i <= n_keys; i++)
		line = line "\t" value(key[i])
	print line
}
