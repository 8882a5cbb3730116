#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two producers, one truth: all scenarios of the workload under every tier that works
# here and under the kernel module, at the same time, give the same records. What
# differs is shown as a diff of lines that name scenario, process and operation.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

need diff
load_module

facts_of=(op counter addr len ret cause before after limit hard_limit capable asked owner_uid
	target_pid flags)

# facts JSON: a line per record, in order, process by process: what must be the same,
# which is neither whose clock it was nor how much a tier knows of the why
facts()
{
	records time_ns pid comm "${facts_of[@]}" <"$1" | sort -s -t $'\t' -k 2,2n -k 1,1n |
		awk -F '\t' -v names="${facts_of[*]}" -v log_files="log.64 log.32" '
		BEGIN {
			n_logs = split(log_files, log_file, " ")
			for (i = 1; i <= n_logs; i++)
				while ((getline line <log_file[i]) > 0) {
					split(line, at, "\t")
					scenario[at[2]] = at[1]
				}
			n = split(names, name, " ")
		}
		{
			text = ($2 in scenario ? scenario[$2] : "-") " " $3 "[" $2 "]"
			for (i = 1; i <= n; i++)
				if ($(i + 3) != "-" && $(i + 3) != "null")
					text = text " " name[i] "=" $(i + 3)
			print text
		}'
}

# Followed by all before anything begins
mkfifo go
cat >batch.sh <<'END'
read -r _ <go
"$1" --log log.64 --all 2>err.64
"$2" exit 0 && "$2" --log log.32 --all 2>err.32
exit 0
END
in_background bash batch.sh "$workload" "$load/workload-32"
batch=$job

tracers=()
for t in ${MLT_PARITY:-kmod kprobe fentry tracepoint}; do
	in_background "$mlocktrace" trace --tier "$t" --json -o "$t.json" -p "$batch" -f 2>"notes.$t"
	tracer_of[${#tracers[@]}]=$job
	tracers+=("$t")
done
# follows_or_gave_up I: the I-th tracer is there, or has given up
follows_or_gave_up()
{
	grep -q '; Ctrl-C ends' "notes.${tracers[$1]}" || ! kill -0 "${tracer_of[$1]}" 2>/dev/null
}

working=()
for ((i = 0; i < ${#tracers[@]}; i++)); do
	t=${tracers[i]}
	if wait_until follows_or_gave_up "$i" && grep -q '; Ctrl-C ends' "notes.$t"; then
		working+=("$t")
	else
		skip "$t" "$(tail -n 1 "notes.$t")"
	fi
done
if ((${#working[@]} < 2)); then
	end_job "$batch" KILL 2>/dev/null
	skip_all "only ${working[*]} works here"
fi
echo >go
wait "$batch"
for ((i = 0; i < ${#tracers[@]}; i++)); do
	wait "${tracer_of[i]}"
done

first=${working[0]}
for t in "${working[@]}"; do
	facts "$t.json" >"facts.$t"
	check_equal "$t: no_record_was_lost" "$(records op <"$t.json" | grep -cx lost)" 0
done
check "there_is_something_to_compare" test "$(wc -l <"facts.$first")" -gt 500

# compared TIER OTHER: what both can see. The tracepoint tier says by flags which steps
# inside it did not see. It alone sees calls that a filter answered; it does not know where
# a stack other than the main one is, nor of stacks that may not grow inside a system call;
# and it sees charges to users at its next look (live/charges has what is right there).
compared()
{
	if [[ $1 == tracepoint || $2 == tracepoint ]]; then
		grep -vE '^refused_by_seccomp | counter=(user|perf|shm|vmpin) | op=stack .* ret=-' \
			"facts.$1" |
			sed -E 's/ flags=.*//; / op=stack /s/ addr=[^ ]*//'
	else
		cat "facts.$1"
	fi
}

for t in "${working[@]:1}"; do
	compared "$first" "$t" >one
	compared "$t" "$first" >other
	check_equal "$t: the_same_records_as_$first" \
		"$(diff -U 0 one other | grep -v '^@@' | head -n 60)" ""
done

ktap_end
