# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# From figures to what is shown. `figures` are the files, the host's first.

# show PROGRAM [OPTION]...
show()
{
	awk "${@:2}" -f "$here/figures.awk" -f "$here/compute.awk" -f "$here/$1.awk" \
		"${figures[@]}"
}

report()
{
	local machine figures=()

	for machine in "${machines[@]}"; do
		[[ ! -s $folder/measured-$machine.tsv ]] || figures+=("$folder/measured-$machine.tsv")
	done
	((${#figures[@]})) || return
	show json >"$folder/bench.json"
	show chart >"$folder/bench.svg"
	{
		show tables
		echo
		show goals -v goals="$here/goals.tsv"
	} | tee "$folder/bench.txt"
	echo
	echo "Also in ${folder#"$top/"}: bench.txt, bench.json, bench.svg, and all figures in" \
		"measured-*.tsv"
}
