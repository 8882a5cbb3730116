# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What tests of the exporter share. Sourced after live.sh.

# start_exporter ARG...: at a free port; sets exporter (its pid), port
start_exporter()
{
	rm -f exporter.err
	in_background "$mlocktrace" exporter --tier "$tier" --listen 127.0.0.1:0 "$@" 2>exporter.err
	exporter=$job
	wait_until grep -q 'http://' exporter.err || diag_file exporter.err
	port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' exporter.err)
}

# get PATH [CURL-OPTION]...
get()
{
	local path=$1

	shift
	curl -sS --max-time 60 "$@" "http://127.0.0.1:$port$path"
}

# status_of PATH [CURL-OPTION]...: of HTTP
status_of()
{
	get "$@" -o body -w '%{http_code}'
}

# value FILE METRIC [LABEL]...: sum of the samples that have all these labels, as op="mlock"
value()
{
	local file=$1 metric=$2

	shift 2
	awk -v metric="$metric" -v n="$#" -v labels="$(printf '%s\037' "$@")" '
		BEGIN { split(labels, wanted, "\037") }
		/^#/ { next }
		{
			name = $0
			sub(/[{ ].*/, "", name)
			if (name != metric)
				next
			for (i = 1; i <= n; i++)
				if (!index($0, wanted[i]))
					next
			sum += $NF
		}
		END { printf "%.15g\n", sum }' "$file"
}

# raw TEXT: what comes back for these bytes, in which \xNN and \r\n are what they are in C
raw()
{
	python3 - "$port" "$1" <<'END'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as s:
    try:
        s.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
        s.shutdown(socket.SHUT_WR)
        while data := s.recv(65536):
            sys.stdout.buffer.write(data)
    except OSError as error:
        print(error)
END
}

# promtool_takes NAME FILE
promtool_takes()
{
	if type -P promtool >/dev/null; then
		check_equal "$1" "$(promtool check metrics <"$2" 2>&1)" ""
	else
		skip "$1" "promtool is not installed (make deps)"
	fi
}

# As the kernel has it: bytes of VmLck of all processes, or of those of that name. What even root
# may not look into, as the first process of some machines, eBPF does not see either.
vmlck()
{
	local status sum=0 name kib

	while read -r status; do
		readlink "${status%/status}/ns/pid" >/dev/null || continue
		read -r name kib < <(awk '$1 == "Name:" { name = $2 } $1 == "VmLck:" { print name, $2 }' "$status")
		[[ -n ${1-} && $name != "$1" ]] || ((sum += kib * 1024))
	done 2>/dev/null < <(grep -lE '^VmLck:.* [1-9]' /proc/[0-9]*/status)
	echo "$sum"
}

# same COMMAND METRIC [LABEL]...: the metric is what COMMAND says before and after
same()
{
	local before after got

	before=$($1)
	get /metrics >m
	after=$($1)
	shift
	got=$(value m "$@")
	echo "$*: $got; before $before, after $after"
	[[ $before == "$after" && $got == "$before" ]]
}
