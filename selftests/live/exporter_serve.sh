#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the exporter serves beside metrics, what strangers can do to it, what it gives up, and the
# file it writes in place of serving.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/exporter.sh
. "$selftests/lib/exporter.sh"

need curl python3
((EUID == 0)) || skip_all "not root"

start_exporter

# ---- what else is served

check_equal the_page "$(status_of /)" 200
check the_page_is_html grep -q '<title>mlocktrace' body
cp body page.html
while read -r file; do
	check_equal "the_page_has_$file" "$(status_of "/$file")" 200
done < <(grep -oE '(src|href)="[a-z./]+"' page.html | cut -d'"' -f2 | sort -u)
check_equal nothing_comes_from_elsewhere "$(grep -oE '(https?:)?//[a-z][^"]*' page.html)" ""
check_equal healthy "$(status_of /-/healthy) $(status_of /healthz)" "200 200"
check_equal not_there "$(status_of /none) $(status_of /metrics/) $(status_of '/../../etc/passwd')" "404 404 404"
check_equal post_is_refused "$(status_of /metrics -X POST -d x -D head)" 405
check what_is_allowed_is_said grep -qi '^allow: GET, HEAD' head
check_equal head_has_no_body "$(get /metrics -I -o head -w '%{http_code} %{size_download}')" "200 0"
check head_has_a_length grep -qi '^content-length: [1-9]' head
check_equal a_query_does_no_harm "$(status_of '/metrics?x=1&y=%00')" 200

# ---- strangers

alive()
{
	[[ $(status_of /-/healthy) == 200 ]]
}

# answered NAME BYTES WANTED: the status, or "" if it hangs up
answered()
{
	check_equal "$1" "$(raw "$2" | head -n 1 | tr -d '\r' | cut -d' ' -f2)" "$3"
	check "$1: lives_on" alive
}

# survives NAME BYTES: whatever it answers, which is lost if it hangs up before all was sent
survives()
{
	raw "$2" >/dev/null
	check "$1" alive
}

answered no_http 'GARBAGE\r\n\r\n' ''
answered bytes_of_all_kinds '\x00\x01\xff\xfe GET / HTTP/1.1\r\n\r\n' ''
answered another_method 'BREW /metrics HTTP/1.1\r\nHost: a\r\n\r\n' 405
answered no_host 'GET / HTTP/1.1\r\n\r\n' 400
answered http_1_0 'GET /-/healthy HTTP/1.0\r\n\r\n' 200
answered half_a_request 'GET /metr' ''
answered nothing '' ''
answered half_a_connection 'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' 200
answered a_body_with_get \
	'GET /-/healthy HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nxyz' 200
long=$(head -c 40000 /dev/zero | tr '\0' a)
survives a_long_line "GET /$long HTTP/1.1"'\r\nHost: a\r\n\r\n'
survives a_long_header 'GET / HTTP/1.1\r\nHost: a\r\nX: '"$long"'\r\n\r\n'
survives two_lengths 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'

# One that sends the beginning of a request and stays, and one that asks and does not read
cat >crowd.py <<'END'
import socket, sys, time
port, n = int(sys.argv[1]), int(sys.argv[2])
crowd = []
for i in range(n):
    s = socket.socket()
    s.settimeout(60)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    try:
        s.connect(("127.0.0.1", port))
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + (b"\r\n" * (i % 2) or b"X: "))
    except OSError:
        pass
    crowd.append(s)
print("there", flush=True)
time.sleep(600)
END
rss()
{
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$exporter/status"
}

before=$(rss)
in_background python3 crowd.py "$port" 400 >there
crowd=$job
wait_until test -s there
check_equal among_slow_ones_others_are_served "$(status_of /metrics)" 200
check_equal and_again "$(status_of /metrics)" 200
check descriptors_are_bounded test "$(find "/proc/$exporter/fd" -mindepth 1 | wc -l)" -lt 160
check memory_is_bounded test $(($(rss) - before)) -lt 32768
end_job "$crowd" KILL 2>/dev/null
check after_them_it_lives_on alive

# Many at once: fewer looks than requests
looks()
{
	get /metrics >m
	value m mlocktrace_exporter_looks_total
}

before=$(looks)
for i in {1..40}; do
	get /metrics -o "many.$i" -w '%{http_code}\n' >>codes &
	waits[i]=$!
done
wait "${waits[@]}"
after=$(looks)
check_equal many_at_once_are_served "$(sort codes | uniq -c | tr -s ' ')" " 40 200"
check those_at_once_share_a_look test $((after - before)) -lt 40
check_equal each_got_all_of_it "$(tail -q -n 1 many.* | cut -d'{' -f1 | sort | uniq -c | tr -s ' ')" \
	" 40 mlocktrace_build_info"
end_job "$exporter" TERM

# ---- privileges, and sockets of others

start_exporter --user nobody
check_equal it_is_nobody "$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$exporter/status")" \
	"65534 65534 65534 65534"
check_equal groups_are_given_up "$(awk '$1 == "Groups:" { print NF }' "/proc/$exporter/status")" 1
check_equal nothing_comes_back "$(awk '$1 ~ /^Cap(Inh|Bnd|Amb):/ { print $2 }' "/proc/$exporter/status" |
	sort -u)" 0000000000000000
check_equal it_can_still_look "$(status_of /metrics)" 200
check it_says_what_it_keeps grep -q 'runs as user 65534; of the capabilities it keeps' exporter.err
end_job "$exporter" TERM

cat >activate.py <<'END'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])
END
in_background python3 activate.py 1 "$mlocktrace" exporter --tier "$tier" 2>exporter.err
exporter=$job
wait_until grep -q 'http://' exporter.err
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' exporter.err)
check_equal a_socket_that_was_passed "$(status_of /metrics)" 200
end_job "$exporter" TERM
python3 activate.py 2 "$mlocktrace" exporter --tier "$tier" 2>err
check_equal two_sockets $? 1
check one_is_the_remedy grep -q 'single ListenStream=' err

# ---- files

"$mlocktrace" exporter --tier "$tier" --textfile "$scratch/once.prom" 2>err
check_equal a_file_once $? 0
promtool_takes promtool_takes_the_file once.prom
check_equal the_file_can_be_read_by_others "$(stat -c %a once.prom)" 644
check_equal nothing_else_is_left "$(find . -name 'once.prom*' | wc -l)" 1
check_equal what_counts_from_a_beginning_is_left_out "$(grep -c calls_total once.prom)" 0
in_background "$mlocktrace" exporter --tier "$tier" --textfile "$scratch/often.prom" --interval 0.2 2>err
wait_until test -s often.prom
first=$(value often.prom mlocktrace_exporter_looks_total)
later()
{
	(($(value often.prom mlocktrace_exporter_looks_total) > first + 2))
}
check a_file_again_and_again wait_until later
end_job "$job" TERM
check_equal that_ends_cleanly_too $? 0
"$mlocktrace" exporter --tier "$tier" --textfile "$scratch/none/x.prom" 2>err
check_equal no_folder $? 1
check the_file_is_named grep -q 'cannot write .*/none/x.prom' err

# ---- usage

python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True); time.sleep(600)' >taken &
jobs_to_end+=($!)
wait_until test -s taken
"$mlocktrace" exporter --tier "$tier" --listen "127.0.0.1:$(cat taken)" 2>err
check_equal a_port_that_is_taken $? 1
check it_says_how_to_find_who grep -q 'ss -tlnp' err

for arguments in "" "x" "--listen 1" "--listen :" "--listen ::1:80" "--listen [::1:80" "--interval 1 --listen 127.0.0.1:0" \
	"--textfile x --listen 127.0.0.1:0" "--textfile x --interval 0" "--listen 127.0.0.1:0 --groups 0" \
	"--listen 127.0.0.1:0 --groups 1001" "--listen 127.0.0.1:0 --by pid" \
	"--listen 127.0.0.1:0 --user nosuchuser" "--listen 127.0.0.1:0 --source file.data"; do
	# shellcheck disable=SC2086 # words
	"$mlocktrace" exporter $arguments >text 2>err
	check_equal "usage: $arguments" $? 2
done

ktap_end
