# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Who traces, and how: the table of set-ups, and for each kind of tracer how it is started and how
# what it really recorded is counted. A function start_KIND ARG... sets
#
#	command		the tracer's, without the command to be traced
#	recorded	a function that prints how many lock calls it recorded and how many it lost
#	share		1 of so many operations is enough, because it is slow
#	streams		whether it shows each call at once; command_for_pid is then how
#
# It may define before() and after(), and returns 1 with a reason in $why_not if it cannot work.

# NAME KIND ARG...; in the order of the tables
setups=(
	"nothing nothing"
	"floor-fentry-empty floor fentry_empty"
	"floor-fentry-count floor fentry_count"
	"floor-fentry-record floor fentry_record"
	"floor-fentry-timed floor fentry_timed"
	"floor-kprobe-empty floor kprobe_empty"
	"floor-kprobe-count floor kprobe_count"
	"floor-kprobe-record floor kprobe_record"
	"floor-kprobe-timed floor kprobe_timed"
	"floor-tracepoint-empty floor tracepoint_empty"
	"floor-tracepoint-count floor tracepoint_count"
	"floor-tracepoint-record floor tracepoint_record"
	"floor-tracepoint-timed floor tracepoint_timed"
	"floor-mmap-lock-empty floor mmaplock_empty"
	"floor-kmod-count floor_module"
	"fentry-calls file fentry $calls_only"
	"fentry file fentry"
	"fentry-text text fentry"
	"fentry-stacks file fentry -k"
	"fentry-counting counting fentry"
	"kprobe-calls file kprobe $calls_only"
	"kprobe file kprobe"
	"tracepoint-calls file tracepoint $calls_only"
	"tracepoint file tracepoint"
	"tracepoint-text text tracepoint"
	"tracepoint-stacks file tracepoint -k"
	"tracepoint-counting counting tracepoint"
	"tracepoint-all file tracepoint -a"
	"kmod module"
	"kmod-file file kmod"
	"strace strace"
	"perf-trace perf_trace"
	"perf-trace-all perf_trace -a"
	"perf-record perf_record"
	"trace-cmd trace_cmd"
	"bpftrace-print bpftrace_print"
	"bpftrace-count bpftrace_count"
)

# lines_of FILE PATTERN LOST-PATTERN: lines that match, and the sum of the numbers in the second
lines_of()
{
	echo "$(grep -cE "$2" "$1")" "$(sed -nE "s/$3/\1/p" "$1" "$scratch/err" |
		awk '{ sum += $1 } END { print sum + 0 }')"
}

start_nothing()
{
	command=(env)
	recorded=calls_made
}

calls_made()
{
	awk '$1 == "calls" { sum += $2 } END { print sum + 0, 0 }' "$scratch/rows"
}

# ---- the floor: nothing but the mechanism ------------------------------------------------

start_floor()
{
	command=("$bench/floor" "$bench/floor.bpf.o" "$1" "$scratch/counted")
	recorded=counted_by_floor
	[[ $1 != *_empty ]] || recorded=nothing_recorded
	if [[ $1 == *_timed ]]; then
		command_for_pid=("${command[@]}" tail -f /dev/null --pid)
		streams=1
	fi
}

counted_by_floor()
{
	cat "$scratch/counted"
}

nothing_recorded()
{
	echo "- -"
}

# need_module FILE: a module that was built for this kernel
need_module()
{
	module=$1
	why_not="the kernel module was not built for this kernel"
	[[ -e $module ]]
}

load_module()
{
	insmod "$module" 2>"$scratch/insmod"
}

start_floor_module()
{
	need_module "$bench/kmod/$(uname -r)/floor.ko" || return
	command=(env)
	recorded=counted_by_module
	before() { load_module; }
	after() { rmmod floor; }
}

counted_by_module()
{
	echo "$(</sys/module/floor/parameters/calls) 0"
}

# ---- mlocktrace ------------------------------------------------------------------------------

# need_tier TIER: of the module, that it is there; others say themselves what is wrong
need_tier()
{
	[[ $1 == kmod ]] || return 0
	need_module "$top/build/kmod/$(uname -r)/mlocktrace.ko" || return
	before() { load_module; }
	after() { rmmod mlocktrace; }
}

# start_file TIER OPTION...: into a recording
start_file()
{
	need_tier "$1" || return
	command=("$mlocktrace" record -f --tier "$1" -o "$scratch/data" "${@:2}" --)
	recorded=in_recording
}

in_recording()
{
	"$mlocktrace" report --json "$scratch/data" 2>/dev/null >"$scratch/json"
	lines_of "$scratch/json" '"op":"(mlock|munlock)"' '.*"op":"lost".*"count":([0-9]+).*'
}

# start_text TIER OPTION...: as lines to read
start_text()
{
	need_tier "$1" || return
	command=("$mlocktrace" trace -f --tier "$1" -o "$scratch/out" "${@:2}" --)
	command_for_pid=("$mlocktrace" trace --tier "$1" "${@:2}" -p)
	recorded=in_text
	streams=1
}

in_text()
{
	lines_of "$scratch/out" ' (mlock|munlock)\(' '.* ([0-9]+) lost in .*'
}

# start_counting TIER: in the kernel, as the exporter does
start_counting()
{
	need_tier "$1" || return
	command=("$top/build/examples/counts" -t "$1" -o 'mlock,munlock')
	recorded=counted_in_kernel
}

counted_in_kernel()
{
	awk '$1 == "count" && $2 ~ /^(mlock|munlock)$/ { sum += $6 }
		$1 == "stats" { lost = $3 } END { print sum + 0, lost + 0 }' "$scratch/out"
}

# The module alone, into its own buffers: nobody reads.
start_module()
{
	need_tier kmod || return
	command=(env)
	recorded=counted_by_tables
}

counted_by_tables()
{
	awk '/^(mlock|munlock) / { sum += $5 } END { print sum + 0, 0 }' \
		/sys/kernel/debug/mlocktrace/counts
}

# ---- peers ---------------------------------------------------------------------------------------

# need_peer TOOL
need_peer()
{
	why_not="$1 is not installed"
	type -P "$1" >/dev/null
}

start_strace()
{
	need_peer strace || return
	command=(strace -f -e 'trace=mlock,munlock' -o "$scratch/out")
	command_for_pid=(strace -e 'trace=mlock,munlock' -p)
	recorded=in_lines
	share=10
	streams=1
}

in_lines()
{
	# With threads strace may begin a line anew for the result.
	lines_of "$scratch/out" '(mlock|munlock)(\(| resumed>).*= ' '.*LOST ([0-9]+) events.*'
}

start_perf_trace()
{
	need_peer perf || return
	command=(perf trace "$@" -e 'mlock,munlock' -o "$scratch/out")
	command_for_pid=(perf trace -e 'mlock,munlock' -p)
	recorded=in_lines
	share=10
	streams=1
}

start_perf_record()
{
	local both='syscalls:sys_enter_mlock,syscalls:sys_exit_mlock'

	need_peer perf || return
	command=(perf record -q -o "$scratch/data" -e "$both,${both//mlock/munlock}")
	recorded=in_perf_data
}

in_perf_data()
{
	perf script -i "$scratch/data" --show-lost-events >"$scratch/out" 2>"$scratch/err"
	lines_of "$scratch/out" 'sys_exit_m(un)?lock' '.*PERF_RECORD_LOST.* lost ([0-9]+).*'
}

start_trace_cmd()
{
	need_peer trace-cmd || return
	command=(trace-cmd record -q -o "$scratch/data")
	for call in mlock munlock; do
		command+=(-e "syscalls:sys_enter_$call" -e "syscalls:sys_exit_$call")
	done
	recorded=in_trace_data
}

in_trace_data()
{
	trace-cmd report -q "$scratch/data" >"$scratch/json" 2>"$scratch/err"
	lines_of "$scratch/json" 'sys_exit_m(un)?lock' '.*\[([0-9]+) EVENTS DROPPED\].*'
}

entry='tracepoint:syscalls:sys_enter_mlock,tracepoint:syscalls:sys_enter_munlock'
bpftrace_printing="$entry { @begin[tid] = nsecs; @addr[tid] = args->start; @len[tid] = args->len; }
${entry//enter/exit} /@begin[tid]/ {
	printf(\"%d %s %s(%lx, %d) = %d %d\\n\", pid, comm, probe, @addr[tid], @len[tid], args->ret,
		nsecs - @begin[tid]);
	delete(@begin[tid]); delete(@addr[tid]); delete(@len[tid]); }"

start_bpftrace_print()
{
	need_peer bpftrace || return
	command=(bpftrace -o "$scratch/out" -e "$bpftrace_printing" -c)
	command_for_pid=(bpftrace -e "$bpftrace_printing" -p)
	recorded=in_bpftrace_lines
	share=4
	streams=1
}

in_bpftrace_lines()
{
	lines_of "$scratch/out" '_m(un)?lock\(' '.*Lost ([0-9]+) events.*'
}

start_bpftrace_count()
{
	need_peer bpftrace || return
	command=(bpftrace -o "$scratch/out" -e "${entry//enter/exit} { @calls = count(); }" -c)
	recorded=in_bpftrace_map
}

in_bpftrace_map()
{
	echo "$(sed -nE 's/^@calls: ([0-9]+).*/\1/p' "$scratch/out")" 0
}
