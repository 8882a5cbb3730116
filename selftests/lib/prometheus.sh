# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Prometheus, for the tests that ask it. Sourced after live.sh; queries go to the server at
# $prometheus, its port.

free_port()
{
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_prometheus NAME: with NAME.yml; sets prometheus, and server, its pid
start_prometheus()
{
	prometheus=$(free_port)
	in_background prometheus --config.file="$1.yml" --storage.tsdb.path="$1.tsdb" \
		--web.listen-address="127.0.0.1:$prometheus" --log.level=warn >"$1.log" 2>&1
	server=$job
}

# query EXPRESSION: its value
query()
{
	curl -sS --max-time 30 --data-urlencode "query=$1" "http://127.0.0.1:$prometheus/api/v1/query" |
		jq -r '[.data.result[].value[1]] | join(" ")'
}

# query_is NAME EXPRESSION WANTED
query_is()
{
	check_equal "$1" "$(query "$2")" "$3"
}

# scraped EXPRESSION WANTED
scraped()
{
	[[ $(query "$1") == "$2" ]]
}

# said_by NAME: warnings, but those about this machine
said_by()
{
	grep -viE 'ulimit|SIGTERM' "$1.log"
}
