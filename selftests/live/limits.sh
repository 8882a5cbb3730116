#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The traced command keeps the limit that the caller gave it, and the tracer
# works where it may not raise limits.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

limits_seen()
{
	trace -q -o text -- "$workload" limit
}

check_equal command_sees_the_callers_limits "$(limits_seen)" "$("$workload" limit)"
check_equal command_sees_a_small_soft_limit "$(ulimit -S -l 100 && limits_seen)" \
	"$(ulimit -S -l 100 && "$workload" limit)"
check_equal the_record_has_the_callers_limits \
	"$(trace_json out.json -- "$workload" stacks && records limit hard_limit <out.json | head -n 1)" \
	"$("$workload" limit | sed 's/18446744073709551615/unlimited/g; s/ /\t/')"

# Kernels before 5.11 charge BPF to RLIMIT_MEMLOCK; then it must say what to raise.
unprivileged=(setpriv --bounding-set -sys_resource)
"${unprivileged[@]}" "${tracing[@]}" -q -o text -- "$workload" loop 1 2>notes
status=$?
if [[ $(uname -r) == 5.10.* && $(ulimit -H -l) == 64 ]]; then
	check without_cap_sys_resource_the_limit_is_named grep -q 'prlimit .*--memlock=' notes
else
	check_equal works_without_cap_sys_resource $status 0
	check it_traced_without_cap_sys_resource grep -q 'mlockall(' text
fi

status=0
(
	ulimit -l 64 &&
		"${unprivileged[@]}" "${tracing[@]}" --json -o small.json -- "$workload" loop 2
) >limits.out 2>small.err || status=$?
if ((status == 0)); then
	check works_with_a_small_hard_limit test -s small.json
elif [[ $(uname -r) == 5.10.* ]]; then
	check a_small_hard_limit_is_named grep -q 'prlimit .*--memlock=' small.err
else
	diag_file small.err
	fail works_with_a_small_hard_limit "exit status $status"
fi

# Not in the environment, the working folder or the descriptors either.
cat >surroundings <<'END'
env | grep -v '^_=' | sort
pwd
ls /proc/self/fd
umask
cat /proc/self/limits
END
check_equal command_gets_the_callers_surroundings "$(trace -q -o text -- sh surroundings)" \
	"$(sh surroundings)"

# Where the limit in force came from: perl is refused what prlimit did to bash.
cat >lock.pl <<'END'
$x = "x" x 200000; syscall(149, unpack("J", pack("p", $x)), 200000);
END
cat >lineage.sh <<'END'
prlimit --pid $$ --memlock=65536:65536
(setpriv --reuid 65534 --clear-groups perl lock.pl)
END
trace_json out.json -f -x -- bash lineage.sh
check_equal a_refusal_says_who_set_the_limit \
	"$(jq -c 'select(.op == "mlock") | [.limit, .limit_set.comm, .limit_set.forks,
		.limit_set.execs]' out.json)" '[65536,"prlimit",1,2]'
check_equal it_is_the_process_that_did_it \
	"$(jq 'select(.op == "mlock") | .limit_set.time_ns < .time_ns and
		.limit_set.pid != .pid' out.json)" true
check_equal the_verdict_says_it \
	"$(jq -r 'select(.op == "mlock") | .explain' out.json |
		grep -oE 'by prlimit\[[0-9]+\], inherited over 1 fork and 2 execs' | wc -l)" 1

ktap_end
