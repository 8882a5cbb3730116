#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a scrape of the exporter costs here: Documentation/fleet.md calculates with it.
#
# Usage: scrape-cost.sh [SCRAPES [PROCESSES [GROUPS]]]
#
# So many processes hold a page each, under so many names. Processor time is that of the exporter
# as the kernel accounts it (/proc/PID/schedstat, nanoseconds), from the first scrape to the last,
# without its start; elapsed time is that of the look, which the exporter itself takes.

scrapes=${1:-1000}
processes=${2:-0}
groups=${3:-100}
top=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-cost.XXXXXX") || exit 1
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 1

for ((i = 0; i < processes; i++)); do
	name=holder$((i % groups))
	[[ -e $name ]] || cp "$top/build/selftests/load/workload" "$name"
	"./$name" hold 1 >/dev/null &
	pids+=($!)
done

# Of all calls there is something to count.
"$top/build/mlocktrace" exporter --by comm --groups "$groups" --listen 127.0.0.1:0 2>notes &
exporter=$!
pids+=("$exporter")
until url=$(grep -oE 'http://[^,]*' notes); do
	kill -0 "$exporter" 2>/dev/null || { cat notes >&2; exit 1; }
	sleep 0.1
done
"$top/build/selftests/load/workload" loop 1 >/dev/null
"$top/build/selftests/load/workload" user-loop 1 >/dev/null

# $1: for one connection of many requests, as a server keeps one
scrape()
{
	python3 - "$url" "$1" >last <<'END_OF_PYTHON'
import http.client
import sys
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])
server = http.client.HTTPConnection(url.netloc)
looks, text = [], ""
for _ in range(int(sys.argv[2])):
    server.request("GET", url.path, headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    text = server.getresponse().read().decode()
    looks += [float(line.split()[1]) for line in text.splitlines()
              if line.startswith("mlocktrace_exporter_look_duration_seconds ")]
print(len(text.encode()), sum(not line.startswith("#") for line in text.splitlines()),
      sorted(looks)[len(looks) // 2])
END_OF_PYTHON
}

cpu_ns()
{
	cut -d' ' -f1 "/proc/$exporter/schedstat"
}

scrape 5
before=$(cpu_ns)
scrape "$scrapes"
after=$(cpu_ns)
read -r bytes series look <last
awk -v n="$scrapes" -v ns=$((after - before)) -v bytes="$bytes" -v series="$series" -v look="$look" \
	-v all="$(printf '%s\n' /proc/[0-9]* | wc -l)" \
	-v rss="$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$exporter/status")" 'BEGIN {
		printf "%d scrapes, %d processes on the machine: %d series, %d bytes, %.2f ms of processor time " \
			"per scrape, look %.2f ms (median), %d KiB resident\n", n, all, series, bytes, ns / n / 1e6,
			look * 1e3, rss
	}'
