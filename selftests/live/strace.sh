#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Call for call, mlocktrace reports what strace does: process, arguments, flags
# and result, of threads, children, 32-bit, static and setuid programs, and of
# programs that were not written for this.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/compare.sh
. "$selftests/lib/compare.sh"

need strace

# Programs are collected first and then run one after the other, each by a strace
# of its own, in one run of mlocktrace: starting it is what takes the time.
names=()
echo "exec >/dev/null" >batch.sh

# compare NAME COMMAND...
compare()
{
	names+=("$1")
	shift
	echo "${strace_locks[*]@Q} -o strace.${#names[@]} ${*@Q} 2>err.${#names[@]}" >>batch.sh
}

# compare_program NAME PROGRAM [ARG]...: of other people's making; only if installed
compare_program()
{
	if type -P "$2" >/dev/null; then
		compare "calls_of_$1_are_those_of_strace" timeout 120 "${@:2}"
	else
		skip "calls_of_$1_are_those_of_strace" "$2 is not installed (make deps)"
	fi
}

compare calls_in_a_loop "$workload" loop 50
compare refused_calls "$workload" user-loop 20
compare calls_of_threads "$workload" threads 4 10
compare calls_of_children "$workload" procs 4 10
compare calls_across_fork_and_exec "$workload" fork-exec 4
compare calls_of_a_static_program "$load/workload-static" threads 2 10
if [[ -x $load/workload-32 ]] && "$load/workload-32" exit 0 2>/dev/null; then
	compare calls_of_a_32_bit_program "$load/workload-32" user-loop 20
	compare calls_of_32_bit_threads "$load/workload-32" threads 2 10
else
	skip calls_of_a_32_bit_program "32-bit programs do not run here"
fi
# Whoever starts it, it runs as root and may lock what it likes.
cp "$workload" workload-setuid
chmod 4755 workload-setuid
compare calls_of_a_setuid_program setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$scratch/workload-setuid" loop 10

compare_program gpg gpg --homedir "$scratch" --batch --gen-random 0 16
compare_program stress_ng_mlock stress-ng --mlock 1 --mlock-ops 50 --timeout 60s
# This one would lock all memory there is, if it were let.
mkdir -m 777 nobodys
if type -P stress-ng >/dev/null; then
	compare_program stress_ng_mlockmany prlimit --memlock=262144 setpriv --reuid 65534 \
		--regid 65534 --clear-groups stress-ng --temp-path "$scratch/nobodys" \
		--pathological --mlockmany 1 --mlockmany-ops 1 --mlockmany-procs 4 --timeout 60s
fi
compare_program cyclictest_m cyclictest -m -l 10 -q
# It serves for ever; when its socket is there it has locked its memory.
cat >serve <<'END'
memcached -k -u root -s "$1" -m 8 &
until [ -S "$1" ] || ! kill -0 $!; do sleep 0.1; done
kill $!
wait
END
if type -P memcached >/dev/null; then
	compare_program memcached_k sh serve "$scratch/socket"
else
	skip calls_of_memcached_k_are_those_of_strace "memcached is not installed (make deps)"
fi

trace_json out.json -f -e "$lock_ops,$path_ops" -- bash batch.sh
missed calls_are_those_of_strace && ktap_end
for ((i = 1; i <= ${#names[@]}; i++)); do
	same_calls "${names[i - 1]}" strace.$i out.json
	# strace says what it cannot do here.
	diag_file err.$i 3
done
check_equal no_call_that_strace_did_not_see \
	"$(calls_by_mlocktrace out.json | awk -F '\t' '
		# ENOSYS: killed before the kernel began the call
		FNR == NR { known[$1]; next } !($1 in known) && $6 != "ENOSYS"' \
		all.strace - | head -n 20)" ""
check_equal details_follow_from_arguments "$(wrong_details out.json | head -n 20)" ""
check_equal before_is_the_last_after "$(broken_chain out.json | head -n 20)" ""
check_equal nothing_was_lost "$(records op <out.json | grep -cx lost)" 0
tids=$(calls_by_strace strace.3 | cut -f 1 | sort -u)
check_equal threads_have_one_pid \
	"$(records tid pid <out.json | of_threads <(echo "$tids") | cut -f 2 | sort -u | wc -l)" 1
check threads_are_several test "$(wc -w <<<"$tids")" -ge 4
check_equal only_calls_of_32_bit_are_marked \
	"$(records comm op flags <out.json | awk -F '\t' '
		$2 ~ /lock/ && ($1 ~ /-32/) != ($3 ~ /compat/)' | head -n 5)" ""
if [[ $(findmnt -no OPTIONS -T "$scratch") == *nosuid* ]]; then
	skip setuid_gives_the_capability "$scratch is mounted nosuid"
else
	check_equal setuid_gives_the_capability \
		"$(records comm op capable uid <out.json | grep 'setuid.*lock' | cut -f 3- | sort -u)" \
		$'true\t65534'
fi

# -p: both attach to a running process; what counts begins at its mark.
start_waiting threads 2 10
in_background "${strace_locks[@]}" -p "$waiting" -o attached.strace
if attach "$waiting" -e "$lock_ops" && wait_until test -s attached.strace; then
	go_on "$waiting"
	wait "$waiting" "$tracer"
	missed attached_to_a_running_process && ktap_end
	calls_by_strace attached.strace | from_mark >by.strace
	calls_by_mlocktrace out.json | from_mark >by.mlocktrace
	check attached_to_a_running_process diff -u by.strace by.mlocktrace
	check attached_process_made_calls test "$(wc -l <by.strace)" -gt 100
else
	fail attached_to_a_running_process "$(cat notes)"
fi

ktap_end
