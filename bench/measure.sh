# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# From a set-up to figures. They are added to $measured, one a line, tab-separated:
# machine, set-up, figure, value. A figure that was measured several times has several lines.

# put SETUP FIGURE VALUE
put()
{
	printf '%s\t%s\t%s\t%s\n' "$machine" "$1" "$2" "$3" >>"$measured"
}

# prepare SETUP-ROW: calls its start function in this shell
prepare()
{
	local words

	read -r -a words <<<"$1"
	name=${words[0]}
	command=() command_for_pid=() recorded='' share=1 streams='' why_not=''
	before() { :; }
	after() { :; }
	"start_${words[1]}" "${words[@]:2}"
}

# traced COMMAND...: under the set-up's tracer, as a job; sets tracer
traced()
{
	local run=("$@")

	# bpftrace takes a command in one word.
	[[ ${command[-1]} != -c ]] || run=("$*")
	BENCH_RUNNER=$BASHPID "$bench/watch" cost "$scratch/rows" timeout -k 5 "$patience" \
		"${command[@]}" "${run[@]}" >"$scratch/stdout" 2>"$scratch/err" </dev/null &
	tracer=$!
	jobs_to_end+=("$tracer")
}

# put_rows: what work and watch said, as events' costs
put_rows()
{
	awk -F '\t' -v OFS='\t' -v machine="$machine" -v setup="$name" '
		$1 == "cost" { print machine, setup, "peak", $3 * 1024; next }
		$1 == "calls" { next }
		{
			printf "%s\t%s\t%s\t%.2f\n", machine, setup, $1 ".caller", $3 / $2
			if ($1 != "pair" && $1 != "refused")
				next
			printf "%s\t%s\t%s\t%.2f\n", machine, setup, $1 ".tracer", $4 / $2
			print machine, setup, "memory", $5
		}' "$scratch/rows" >>"$measured"
}

# put_recorded [PREFIX]: of the figures
put_recorded()
{
	local made found lost

	cat "$scratch/stdout" >>"$scratch/out"
	read -r made _ < <(calls_made)
	read -r found lost < <("$recorded" 2>/dev/null)
	[[ ${found:--} != - ]] || return
	put "$name" "${1-}made" "$made"
	put "$name" "${1-}recorded" "${found:-0}"
	put "$name" "${1-}lost" "${lost:-0}"
}

put_why_not()
{
	put "$name" why_not "$(tr '\t' ' ' <<<"${1:-it failed}" | cut -c 1-300)"
}

measure_bystanders()
{
	local kind times

	for kind in "${bystanders[@]}"; do
		# So short that a tick of the timer would show.
		times=$n_bystander
		[[ $kind != getpid ]] || ((times *= 20))
		"$bench/work" -o "$scratch/rows" -r "$repeats" "$kind" "$times"
	done
}

# measure SETUP-ROW
measure()
{
	local _

	rm -rf "${scratch:?}"/*
	if ! prepare "$1"; then
		put_why_not "$why_not"
		return
	fi
	mkfifo "$scratch/come" "$scratch/go"
	before || return
	traced sh "$here/load.sh" "$bench/work" "$scratch/rows" "$repeats" $((n / share)) \
		"$scratch/come" "$scratch/go"
	if read -r -t "$patience" _ <>"$scratch/come"; then
		measure_bystanders
		echo >"$scratch/go"
	fi
	if wait "$tracer"; then
		put_recorded
		put_rows
	else
		put_why_not "$(cat "$scratch/err" "$scratch/stdout" | grep -v '^ *$' | head -n 1)"
	fi
	after
}

# measure_start SETUP-ROW: until the first call of a process that is running already is shown,
# and from Ctrl-C to the end
measure_start()
{
	local pulse first stop

	prepare "$1" && [[ -n $streams ]] || return
	"$bench/work" pulse >/dev/null &
	pulse=$!
	jobs_to_end+=("$pulse")
	if read -r first stop < <(timeout "$patience" "$bench/watch" first mlock \
		"${command_for_pid[@]}" "$pulse"); then
		put "$name" first "$first"
		put "$name" stop "$stop"
	fi
	kill "$pulse"
	wait "$pulse" 2>/dev/null
}

# measure_loss SETUP-ROW CALLS: refused calls by two workers at full speed
measure_loss()
{
	rm -rf "${scratch:?}"/*
	prepare "$1" || return
	before || return
	traced "$bench/work" -o "$scratch/rows" -t 2 refused $(($2 / share))
	if wait "$tracer"; then
		put_recorded rush.
	fi
	after
}

# ---- looks ------------------------------------------------------------------------------------

# hold STATE ARG...: a process of `work` that is looked at; sets held when it is ready
hold()
{
	local _

	coproc HELD { exec "$bench/work" "$@"; }
	held=$HELD_PID
	jobs_to_end+=("$held")
	read -r -t "$patience" _ <&"${HELD[0]}"
}

let_go()
{
	kill "$held"
	wait "$held" 2>/dev/null
}

# look SETUP FIGURE ARG...: of snap
look()
{
	local ns found

	while read -r ns found; do
		put "$1" "$2" "$ns"
		put "$1" "$2.found" "$found"
	done < <(timeout "$patience" "$bench/snap" "${@:3}" 2>"$scratch/err")
}

# look_cold SETUP FIGURE COMMAND...: a whole command, its loading included
look_cold()
{
	local _ ns

	for ((i = 0; i < 5; i++)); do
		: >"$scratch/cold"
		"$bench/watch" cost "$scratch/cold" "${@:3}" >/dev/null 2>&1
		read -r _ ns _ <"$scratch/cold"
		put "$1" "$2" "$ns"
	done
}

measure_processes()
{
	hold crowd "$1"
	look proc-status look status
	look bare-iterator look iterator "$bench/floor.bpf.o"
	look mlocktrace-ps look library
	look_cold mlocktrace-ps look_cold "$mlocktrace" ps
	look_cold grep look_cold sh -c 'grep -h VmLck /proc/[0-9]*/status'
	let_go
}

# measure_mappings MAPPINGS LOCKED-BYTES SIZE
measure_mappings()
{
	hold mappings "$1" "$2"
	look proc-maps "ranges.$3" maps "$held"
	look proc-smaps "ranges.$3" smaps "$held"
	look bare-vma-iterator "ranges.$3" vmas "$bench/floor.bpf.o" "$held"
	look mlocktrace-regions "ranges.$3" regions "$held"
	let_go
}
