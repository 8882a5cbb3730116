#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A small fleet: two exporters, a Prometheus that scrapes both as contrib/prometheus/shard.yml says,
# and one above it as global.yml says, while processes lock and are refused. What both servers have
# is compared with /proc, scrape by scrape, and with what the workload did.
#
# MLT_SCRAPE_SECONDS  for how long (default 6; make check-exporter: 180)

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/exporter.sh
. "$selftests/lib/exporter.sh"
# shellcheck source=selftests/lib/prometheus.sh
. "$selftests/lib/prometheus.sh"

need curl python3
((EUID == 0)) || skip_all "not root"
[[ -n $(type -P prometheus) ]] || skip_all "prometheus is not installed (make deps)"
seconds=${MLT_SCRAPE_SECONDS:-6}
contrib=$selftests/../contrib/prometheus
# Others may run a workload, too.
mine=fleet$$
refused=refused$$
cp "$workload" "$mine"
cp "$workload" "$refused"

# ask SERVER EXPRESSION: the value, as promtool reads it
ask()
{
	promtool query instant "http://127.0.0.1:$1" "$2" | sed -nE 's/.* => (.*) @\[.*/\1/p'
}

# said SERVER EXPRESSION WANTED
said()
{
	[[ $(ask "$1" "$2") == "$3" ]]
}

# compare NAME SERVER BEFORE AFTER SELECTOR: with /proc, sample by sample
compare()
{
	curl -sS --max-time 30 --data-urlencode "query=$5[1h]" "http://127.0.0.1:$2/api/v1/query" |
		python3 "$selftests/lib/holders_over_time.py" compare "$3" "$4" books >compared 2>&1
	result $? "$1 ($(head -n 1 compared))"
	sed 1d compared | head -n 5 | sed 's/^/# /'
}

# sums_are_vmlck: of all processes, by both exporters; a scrape is a second old at most
sums_are_vmlck()
{
	local before

	before=$(vmlck)
	sleep 2
	ask "$shard" 'instance:mlocktrace_locked_bytes:sum' | tee sums
	[[ $(sort -u sums) == "$before" && $(vmlck) == "$before" ]]
}

# ---- two exporters, and two servers as the files in contrib have it

start_exporter --by comm
by_name=$port first=$exporter
start_exporter --by cgroup
by_cgroup=$port second=$exporter
check_equal "two exporters" "$(kill -0 "$first" "$second" && ((by_name != by_cgroup)) && echo yes)" yes
cp "$contrib"/{rules,alerts,fleet}.yml .
mkdir machines
echo "[{\"targets\": [\"127.0.0.1:$by_name\", \"127.0.0.1:$by_cgroup\"]}]" >machines/here.json
sed 's/_interval: 30s/_interval: 1s/' "$contrib/shard.yml" >shard.yml
start_prometheus shard
shard=$prometheus shard_pid=$server
sed "s/_interval: 30s/_interval: 1s/; s/targets: .*/targets: ['127.0.0.1:$shard']/" "$contrib/global.yml" >global.yml
start_prometheus global
global=$prometheus global_pid=$server
check their_files_are_good promtool check config shard.yml global.yml
wait_until said "$shard" 'count(up{job="mlocktrace"} == 1)' 2
wait_until said "$global" 'job:up:sum' 2

# ---- load: holders come and go, and others are refused

in_background python3 "$selftests/lib/holders_over_time.py" run "$seconds" "./$mine" hold >books
driver=$job
rounds=0
until grep -q '^done' books; do
	"./$refused" loop 5 >/dev/null
	((++rounds))
	sleep 0.5
done

# ---- what the servers say

# Of each round of the loop two mlock() and one munlock() of what is not mapped, and a flag unknown; and
# once mlockall() without flags
failed=$((21 * rounds))
wait_until said "$shard" "sum(mlocktrace_refusals_total{group=\"$refused\"})" $failed
check_equal refusals_are_those_of_the_workload \
	"$(ask "$shard" "sum(mlocktrace_refusals_total{group=\"$refused\"})")" $failed
held=$(vmlck "$mine")
wait_until said "$global" "group:mlocktrace_locked_bytes:sum{group=\"$mine\"}" "$held"
check_equal held_now_is_vmlck "$(ask "$global" "group:mlocktrace_locked_bytes:sum{group=\"$mine\"}")" "$held"
check_equal holders_are_processes "$(ask "$global" "group:mlocktrace_holders:sum{group=\"$mine\"}")" \
	"$(sed -n 's/^done //p' books)"
check_equal all_machines_are_up "$(ask "$global" 'job:up:count') $(ask "$global" 'job:up:sum')" "2 2"
check_equal none_is_blind "$(ask "$global" 'job:mlocktrace_blind_machines:count')" 0
check_equal the_shard_is_told "$(ask "$global" 'count(count by (shard) (job:up:sum{shard="0"}))')" 1
check_equal nothing_of_single_machines_came_up \
	"$(ask "$global" 'count({__name__=~"mlocktrace_.*"}) or vector(0)')" 0
# The look is within the second that a scrape may take; what was computed is of one or two before.
compare each_scrape_is_vmlck "$shard" 0 1 "mlocktrace_locked_bytes{group=\"$mine\"}"
check some_had_a_single_sum_to_be grep -qE ', [1-9][0-9]* of these' compared
compare what_came_up_is_vmlck "$global" 3 1 "group:mlocktrace_locked_bytes:sum{group=\"$mine\"}"
check_quietly both_sums_are_vmlck_of_all sums_are_vmlck
# A scrape can come too late on a busy machine; what Prometheus does not take is another thing.
check_equal all_that_was_scraped_was_taken "$(curl -sS "http://127.0.0.1:$shard/metrics" |
	awk '/^prometheus_target_scrapes_(exceeded|sample)_/ { n++; sum += $2 } END { print (n > 4), sum }')" "1 0"
check_equal nothing_was_dropped "$(ask "$shard" 'sum(mlocktrace_records_dropped_total)')" 0
scrapes='count_over_time(up{job="mlocktrace"}[1h])'
diag "$rounds rounds; scrapes: $(ask "$shard" "sum($scrapes)"), late" \
	"$(ask "$shard" "sum($scrapes - sum_over_time(up{job=\"mlocktrace\"}[1h]))"), samples of one" \
	"$(ask "$shard" 'max(max_over_time(scrape_samples_scraped[1h]))'), longest" \
	"$(ask "$shard" 'max(max_over_time(scrape_duration_seconds[1h]))') s, processor seconds of the exporters" \
	"$(ask "$shard" 'sum(mlocktrace_exporter_cpu_seconds_total)')"

end_job "$driver" TERM
end_job "$global_pid" TERM
end_job "$shard_pid" TERM
check_equal the_servers_had_nothing_to_say "$(said_by shard)$(said_by global)" ""
end_job "$first" TERM
end_job "$second" TERM

ktap_end
