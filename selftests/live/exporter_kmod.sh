#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The exporter with the kernel module as its source: what it counts is what the module's own files
# say was added, what strace saw and what /proc says; and it gets over what becomes of the module.
#
# It unloads the module, so only in a virtual machine.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/exporter.sh
. "$selftests/lib/exporter.sh"

[[ $tier == kmod ]] || skip_all "not about tier $tier, but about the kernel module"
[[ -n ${MLOCKTRACE_VM-} ]] || skip_all "it unloads the module: in a virtual machine"
need curl python3 strace setpriv rmmod

folder=/sys/kernel/debug/mlocktrace
page=$(getconf PAGESIZE)
# The tests that follow need it.
trap 'live_clean_up; load_module' EXIT

# keep FOLDER: a scrape, and what the module says
keep()
{
	mkdir "$1"
	get /metrics >"$1/metrics"
	cp "$folder"/{counts,latency,stats} "$1"
}

# in_cgroup COMMAND...: if there is one to be in
in_cgroup()
{
	sh -c '[ ! -e "$0"/cgroup.procs ] || echo $$ >"$0"/cgroup.procs; exec "$@"' "$cgroup" "$@"
}

# grown METRIC [LABEL]...: from before to after
grown()
{
	echo $(($(value after/metrics "$@") - $(value before/metrics "$@")))
}

module_stat()
{
	awk -v key="$1" '$1 == key { print $2 }' "$folder/stats"
}

# ---- counts

start_exporter --user nobody
check_equal started_by_the_module "$(grep -c 'by kmod, tier kmod; snapshots by bpf' exporter.err)" 1
check_equal nobody_keeps_what_reading_the_files_takes \
	"$(sed -n 's/.*it keeps //p' exporter.err)" CAP_DAC_READ_SEARCH
cgroup=$(findmnt -nro TARGET -t cgroup2 | head -n 1)/mlocktrace-test
mkdir "$cgroup"
keep before
in_cgroup strace -f -e trace=mlock,mlock2,munlock,mlockall,munlockall -o strace.out \
	"$workload" loop 7 >/dev/null 2>&1
keep after
check metrics_grow_as_the_modules_own_figures python3 "$selftests/lib/kmod_metrics.py" before after
check_equal a_cgroup_has_its_refusals "$(grown mlocktrace_refusals_total 'group="/mlocktrace-test"')" \
	"$(grep -cE '\bm(un)?lock(2|all)?\(.*= -1 E' strace.out)"
for op in mlock mlock2 munlock mlockall munlockall; do
	check_equal "$op: counted_as_by_strace" "$(grown mlocktrace_calls_total "op=\"$op\"")" \
		"$(grep -cE "(^|[] ])$op\(" strace.out)"
done
check_equal hooks_are_the_modules "$(value after/metrics mlocktrace_hooks 'state="attached"')" \
	"$(module_stat hooks_attached)"

# ---- who holds

vmlck_of_workload() { vmlck workload; }
mlocked() { meminfo Mlocked; }
in_background prlimit --memlock=$((44 * page)) setpriv --reuid 65534 --clear-groups "$workload" hold 33 >held
holder=$job
wait_until test -s held
check_quietly locked_of_all_is_vmlck same vmlck_of_workload mlocktrace_locked_bytes
check_quietly mlocked_is_in_meminfo same mlocked mlocktrace_machine_mlocked_bytes
check_equal used_is_a_part_of_the_limit "$(value m mlocktrace_limit_used_ratio)" 0.75
check_equal the_page_has_the_holder "$(get /api/state | jq -c '.holders | map([.pid, .vmlck])')" \
	"[[$holder,$((33 * page))]]"

# ---- the module begins anew, and goes, and comes again

rm -r before
mv after before
echo 1 >"$folder/reset"
in_cgroup "$workload" user-loop 4 >/dev/null
keep after
check_equal a_reset_takes_nothing_away "$(grown mlocktrace_refusals_total 'op="mlock2"')" 4
rmmod mlocktrace
check_equal without_the_module "$(status_of /metrics) $(status_of /metrics)" "503 503"
check a_scraper_is_told_what_to_do grep -q 'the kernel module was unloaded: modprobe' body
check_equal the_log_says_so_once "$(grep -c 'modprobe' exporter.err)" 1
check_equal the_page_is_there "$(status_of /)" 200
load_module
in_cgroup "$workload" user-loop 3 >/dev/null
mv after/metrics before/metrics
get /metrics >after/metrics
rmdir "$cgroup"
check_equal with_another_one_it_goes_on "$(grown mlocktrace_refusals_total 'op="mlock2"')" 3
end_job "$exporter" TERM
check_equal sigterm_ends_it_cleanly $? 0

# ---- less

# Where eBPF cannot be had at all the module counts, and /proc says who holds.
in_background setpriv --bounding-set=-sys_admin,-bpf,-perfmon "$mlocktrace" exporter \
	--listen 127.0.0.1:0 2>exporter.err
exporter=$job
wait_until grep -q 'http://' exporter.err
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' exporter.err)
check_equal without_ebpf "$(grep -c 'by kmod, tier kmod; snapshots by proc' exporter.err)" 1
check_equal root_keeps_no_capability "$(grep -c 'it keeps none' exporter.err)" 1
check_quietly by_proc_locked_of_all_is_vmlck same vmlck_of_workload mlocktrace_locked_bytes
end_job "$exporter" TERM

"$mlocktrace" exporter --tier kmod --textfile "$scratch/once.prom" 2>err
check_equal a_file_has_who_holds "$(value once.prom mlocktrace_locked_bytes)" "$(vmlck workload)"
check_equal and_no_counts "$(grep -c calls_total once.prom)" 0
"$mlocktrace" exporter --tier kmod --by comm --textfile "$scratch/once.prom" 2>err
check_equal by_name_the_module_does_not_count "$(grep -c 'cannot count by name' err)" 1

ktap_end
