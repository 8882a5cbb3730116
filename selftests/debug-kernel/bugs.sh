#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bugs.sh KERNEL: a debug kernel proves itself. It reports each deliberate bug (bugs/) of
# the kinds that it is built to find, names the module that has it, and says nothing of
# the same module without a bug.

# shellcheck source=selftests/lib/debug.sh
. "$(dirname "$0")/../lib/debug.sh"

# Bug, which kernels must report it, and what they say. The locks come first: lockdep
# gives one report for each boot, and none after one of KASAN.
expected='
none                 kasan,kcsan,rt  -
lock_inversion       kasan,kcsan,rt  WARNING: possible circular locking dependency detected
sleep_in_atomic      kasan,kcsan,rt  BUG: sleeping function called from invalid context
lock_in_probe        rt              BUG: sleeping function called from invalid context
allocation_in_probe  rt              BUG: sleeping function called from invalid context
out_of_bounds        kasan           BUG: KASAN: slab-out-of-bounds in
area_out_of_bounds   kasan           BUG: KASAN: vmalloc-out-of-bounds in
use_after_free       kasan           BUG: KASAN: slab-use-after-free in
leak                 kasan           unreferenced object
race                 kcsan           BUG: KCSAN: data-race in
'

kernel=$1
module=$top/build/debug-kernel/${kernel#debug-}/bugs/mlt_bugs.ko

# Kbuild puts its objects beside the sources, so it gets a folder of links to them.
build_bugs()
{
	local folder=${module%/*} objects log

	objects=$(objects_of "$kernel")
	mkdir -p "$folder"
	ln -sf "$selftests"/debug-kernel/bugs/* "$folder"
	log=$(make -C "$objects" M="$folder" CONFIG_DEBUG_INFO_BTF_MODULES= 2>&1) && return
	fail module_with_bugs_is_built "$(tail -n 20 <<<"$log")"
	ktap_end
}

# report_of BUG: what the kernel says while the module makes it
report_of()
{
	local begin

	begin=$(dmesg | wc -l)
	insmod "$module" bug="$1" || return
	[[ $1 != leak ]] || leaks
	rmmod mlt_bugs
	log_from "$begin"
	# There is one report a second of those who sleep.
	sleep 1
}

if ! in_machine; then
	build_bugs
	# Without, KASAN gives one report for each boot.
	run_in_machine "$kernel" kasan_multi_shot
fi

while read -r bug kernels report; do
	[[ ,$kernels, == *",${kernel#debug-},"* ]] || continue
	report_of "$bug" >said 2>&1
	if [[ $report == - ]]; then
		check_equal "$bug:_nothing_is_reported" "$(grep -E 'BUG|WARNING|Call Trace' said)" ""
	elif grep -q "$report" said && grep -q '\[mlt_bugs\]' said; then
		pass "$bug:_is_reported"
	else
		diag_file said 60
		fail "$bug:_is_reported"
	fi
done < <(grep . <<<"$expected")

ktap_end
