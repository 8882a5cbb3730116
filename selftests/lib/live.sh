# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the live tests share: where things are, which tier is under test, and
# short forms for tracing and for reading records. Sourced first; it ends the
# program with a skip if the tier cannot work here. All files go to $scratch.
#
# MLT_TIER     auto, fentry, kprobe, tracepoint or kmod
# MLT_WHY_NOT  why that tier does not work here, if that is known; "" = it does
# MLT_SKIPS    what the kernel may keep from it: nothing, steps or calls
# MLT_TOOL     the tool; MLT_LOAD  the folder with the workload programs

set -u
umask 022
export LC_ALL=C.UTF-8 TZ=UTC

selftests=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=selftests/lib/ktap.sh
. "$selftests/lib/ktap.sh"

tier=${MLT_TIER:-auto}
mlocktrace=${MLT_TOOL:-$selftests/../build/mlocktrace}
load=${MLT_LOAD:-$selftests/../build/selftests/load}
[[ -x $mlocktrace ]] || mlocktrace=$(type -P mlocktrace) ||
	skip_all "no mlocktrace: run make"
[[ -x $load/workload ]] || skip_all "no workload program: run make -C selftests"
# shellcheck source=selftests/lib/doctor.sh
. "$selftests/lib/doctor.sh"
workload=$load/workload
# Makes the kernel module's folder as MLOCKTRACE_DEBUGFS would have it
double=${load%/load}/double/double

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-test.XXXXXX") || exit 1
# Programs under test run as other users, too.
chmod 755 "$scratch"
cd "$scratch" || exit 1
jobs_to_end=()
go_of=()
tracing=("$mlocktrace" trace --tier "$tier")

# What processes do on purpose, and what locks and unlocks by the way: a process
# that is armed by mlockall(MCL_FUTURE) has records of the latter at any time.
lock_ops=mlock,mlock2,munlock,mlockall,munlockall,exec,exit,fork,setrlimit
path_ops=mmap,brk,stack,mremap,munmap,unattributed
# What is charged to other counters than vmlck, without hardware
charge_ops=shm_lock,shm_unlock,shm_hugetlb,io_uring,perf_mmap,xdp_umem,zerocopy,secretmem

live_clean_up()
{
	local pid

	for pid in "${jobs_to_end[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	cd /
	rm -rf "$scratch"
}
trap live_clean_up EXIT
trap 'exit 1' HUP INT TERM

# need TOOL...: skips the whole program without them
need()
{
	local tool

	for tool; do
		type -P "$tool" >/dev/null || skip_all "$tool is not installed"
	done
}

# trace ARG...: the tool in the tier under test
trace()
{
	"${tracing[@]}" "$@"
}

# trace_json FILE ARG...: records to FILE, notes to notes, COMMAND's own output untouched
trace_json()
{
	local file=$1

	shift
	trace --json -o "$file" "$@" 2>notes
}

# missed NAME [steps]: true, and NAME is skipped, if the kernel kept calls from this tier,
# of which doctor says that it may; "steps": or programs of functions inside of them
missed()
{
	local skipped calls may=${MLT_SKIPS:-nothing}

	# Before 5.18 a return probe has no more instances than there are CPUs.
	calls=$(sed -nE 's/.* ([0-9]+) calls? w[a-z]+ not followed.*/\1/p' notes)
	if [[ $tier == kprobe && $(uname -r) == 5.10.* && -n $calls ]]; then
		skip "$1" "returns of $calls calls were missed: too many tasks inside one function"
		return
	fi
	skipped=$(sed -nE 's/.*the kernel skipped ([0-9]+) hook invocations.*/\1/p' notes)
	[[ -n $skipped && ($may == calls || $may == "${2-}") ]] || return 1
	skip "$1" "this kernel preempts itself and skipped $skipped programs of this tier (skips: $may)"
}

# records KEY...: those fields of the JSON lines on stdin, tab-separated
records()
{
	awk -v keys="$*" -f "$selftests/lib/records.awk"
}

# wait_until COMMAND...: until it succeeds; a minute at most, since machines may be slow
wait_until()
{
	local i

	for ((i = 0; i < 600; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	diag "waited in vain for: $*"
	return 1
}

# in_background COMMAND...: sets job, and ends it with the test at the latest
in_background()
{
	"$@" &
	job=$!
	jobs_to_end+=("$job")
}

# start_waiting MODE [ARG]...: a workload that makes harmless calls until go_on PID;
# sets waiting, its pid
start_waiting()
{
	local fifo=go.${#go_of[@]}

	mkfifo "$fifo"
	in_background "$workload" wait-for "$fifo" "$@"
	waiting=$job
	go_of[job]=$fifo
}

go_on()
{
	echo >"${go_of[$1]}"
}

# attach PID [OPTION]...: traces to out.json, sets tracer; true when PID was seen
attach()
{
	local pid=$1

	shift
	rm -f out.json
	in_background "${tracing[@]}" --json -o out.json -p "$pid" "$@" 2>notes
	tracer=$job
	wait_until test -s out.json
}

# end_job PID SIGNAL: returns its exit status
end_job()
{
	kill "-$2" "$1" 2>/dev/null
	wait "$1"
}

# Others live here, too, and lock and unlock: what has to hold at a quiet moment is tried some times.
# check_quietly NAME COMMAND...: passes if COMMAND succeeds in one of them
check_quietly()
{
	local name=$1 i

	shift
	for ((i = 0; i < 20; i++)); do
		if "$@" >why 2>&1; then
			pass "$name"
			return
		fi
		sleep 0.2
	done
	diag_file why
	fail "$name"
}

# meminfo FIELD: of /proc/meminfo, in bytes
meminfo()
{
	awk -v field="$1:" '$1 == field { print $2 * 1024 }' /proc/meminfo
}

need jq
# Whoever runs many of these has asked before.
[[ -v MLT_WHY_NOT ]] || ask_doctor "$tier"
[[ -z $MLT_WHY_NOT ]] || skip_all "$MLT_WHY_NOT"
