#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the programs of a tier cost each: profile.sh KERNEL OPTION... of mlocktrace, as
# `profile.sh 6.12 --tier fentry -e mlock,munlock`. Instructions in a virtual machine, by the kernel's
# own statistics of eBPF programs, which themselves add about the same to each.

here=$(cd -P "$(dirname "$0")" && pwd)
top=$(cd -P "$here/.." && pwd)
pairs=2000

# inside OPTION...: in the virtual machine
inside()
{
	sysctl -q kernel.bpf_stats_enabled=1
	"${MLT_TOOL:-$top/build/mlocktrace}" record -f "$@" -o /tmp/data -- sh -c "
		'$top/build/bench/work' pair $pairs >/dev/null
		bpftool -j prog show >/tmp/programs" 2>/tmp/notes
	printf '%-36s %10s %10s %10s\n' program runs/call each "per call"
	jq -r '.[] | select(.run_cnt > 0) | [.name, .run_cnt, .run_time_ns] | @tsv' /tmp/programs |
		awk -F '\t' -v calls="$(report_calls)" '
			calls { printf "%-36s %10.2f %10.0f %10.0f\n", $1, $2 / calls, $3 / $2, $3 / calls }' |
		sort -k 4 -n -r
}

report_calls()
{
	"$top/build/mlocktrace" report --json /tmp/data 2>/dev/null |
		grep -cE '"op":"(mlock|munlock)"'
}

if [[ $1 == --inside ]]; then
	inside "${@:2}"
else
	"$top/selftests/vm/run" --kernel "$1" --smp 1 --qemu-arg -icount --qemu-arg shift=0,sleep=off \
		--timeout 1200 -- "$here/profile.sh" --inside "${@:2}"
fi
