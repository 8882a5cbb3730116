#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The limit that programs need which were not written for this, measured once and
# then tried as an ordinary user: with it the kernel refuses nothing, with a page
# less it refuses something.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

need setpriv prlimit setarch python3 strace
adapts=

page=$(getconf PAGESIZE)
# Where that is permitted; cyclictest asks for it.
prlimit --pid $$ --rtprio=10:10 2>/dev/null || true
# A user of our own: what others are charged is not ours.
uid=1879048201
chmod 777 .
dd if=/dev/zero of=data bs=64K count=4 2>/dev/null
chmod 666 data
mkdir -m 777 home

# What differs from run to run would move the figure by pages: addresses and environment.
as_measured=(setarch -R env -i HOME="$scratch/home" PATH="$PATH" LC_ALL=C)

# size FILE COMMAND...: JSON to FILE, notes to notes; sets status
size()
{
	local file=$1

	shift
	"$mlocktrace" size --tier "$tier" --json -o "$file" --as "$uid" -- \
		"${as_measured[@]}" "$@" >said 2>notes
	status=$?
}

# summary FILE KEY
summary()
{
	jq -r "select(.type == \"summary\") | .$2" "$1"
}

# under LIMIT COMMAND...: as that user
under()
{
	local limit=$1

	shift
	prlimit --memlock="$limit:$limit" \
		setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all "${as_measured[@]}" "$@"
}

# refused LIMIT COMMAND...: "refused" or "works", by the program's own exit status and words; of
# one that $adapts, since its C library finds another way, as strace sees the kernel's answers
refused()
{
	local limit=$1 state=works

	shift
	if [[ -n $adapts ]]; then
		set -- strace -f -qq -o "$scratch/home/calls" -e trace=mlock,mlockall,mmap,mremap "$@"
	fi
	under "$limit" "$@" >said 2>&1 || state=refused
	grep -qE "$complaint" said && state=refused
	[[ -n $adapts ]] && grep -qE ' = -1 E(NOMEM|AGAIN|PERM)' home/calls && state=refused
	echo "$state"
}

# is_exact NAME COUNTER COMMAND...: what it complains of is in $complaint; false if NAME is skipped
is_exact()
{
	local name=$1 counter=$2 limit

	shift 2
	size out.json "$@"
	missed "$name" && return 1
	if (($(summary out.json refused))); then
		skip "$name" "$(jq -r 'select(.type == "summary") | .remarks[1] // .remarks[0]' out.json)"
		return 1
	fi
	if ((status)); then
		diag_file said
		skip "$name" "$1 does not run here, exit status $status"
		return 1
	fi
	limit=$(summary out.json need)
	diag "$name: $limit, $(jq -c 'select(.type == "summary") | .remarks' out.json)"
	check_equal "$name: its_counter_decides" \
		"$(jq -r --argjson need "$limit" 'select(.need == $need and .counter) | .counter' out.json)" "$counter"
	check_equal "$name: it_is_whole_pages" $((limit % page)) 0
	check_equal "$name: enough" "$(refused "$limit" "$@")" works
	check_equal "$name: a_page_less_is_not" "$(refused $((limit - page)) "$@")" refused
	diag_file said 3
}

# has TOOL NAME: or skips NAME
has()
{
	type -P "$1" >/dev/null || { skip "$2" "$1 is not installed" && false; }
}

complaint='error|failed|mlock|Cannot allocate'
fio=(fio --name=a --bs=16k --size=256k --rw=read --filename="$scratch/data" --thread --output-format=terse)
if has fio fio; then
	is_exact fio-io_uring user "${fio[@]}" --ioengine=io_uring --fixedbufs=1 --iodepth=16
	is_exact fio-lockmem vmlck "${fio[@]}" --ioengine=sync --lockmem=1m
fi
complaint='Permission error|perf_event_mlock_kb|failed'
has perf perf &&
	is_exact perf vmpin perf record -q -m 1024 -o "$scratch/home/perf.data" -e dummy true
complaint='insecure memory'
has gpg gpg && is_exact gpg vmlck gpg --homedir "$scratch/home" --batch --no-options -q --gen-random 0 16
complaint='locking memory failed|Cannot allocate'
has qemu-system-x86_64 qemu &&
	is_exact qemu vmlck sh -c 'echo quit | qemu-system-x86_64 -overcommit mem-lock=on -machine none \
		-nodefaults -display none -S -monitor stdio'
complaint='mlockall|memory'
adapts=1
has cyclictest cyclictest && is_exact cyclictest vmlck cyclictest -m -q -l 10 -p 5
complaint='failed to lock|warning'
# shellcheck disable=SC2016 # for sh
has memcached memcached &&
	is_exact memcached vmlck sh -c 'timeout -s INT 2 memcached -k -t 1 -m 8 -U 0 -p 0 -s "$HOME/sock"; [ $? = 124 ]'
adapts=

# What an interpreter does by its C library; ctypes is not ours.
cat >shm.py <<'END'
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
ids = [libc.shmget(0, 5 * 4096, 0o1600) for _ in range(3)]
locked = [libc.shmctl(i, 11, None) for i in ids]
for i in ids:
    libc.shmctl(i, 0, None)
sys.exit(any(locked))
END
cat >future.py <<'END'
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
failed = libc.mlockall(2)
ctypes.CDLL("libstdc++.so.6")  # its parts over a locked whole: each of them counts twice
sys.exit(failed)
END
complaint=Error
is_exact segments shm python3 shm.py
if is_exact library_under_mcl_future vmlck python3 future.py; then
	check_equal it_is_more_than_was_ever_locked \
		"$(jq 'select(.counter == "vmlck") | .need > .peak' out.json)" true
fi

# ---- the tool

size out.json sh -c 'exit 7'
check_equal the_status_is_that_of_the_command "$status" 7
check_equal nothing_is_needed_for_nothing "$(summary out.json need)" 0
check_equal it_runs_as_that_user "$(size out.json id -u && cat said)" "$uid"
# shellcheck disable=SC2016 # for awk
check_equal without_capabilities "$(size out.json awk '/^Cap(Eff|Prm|Inh|Amb)/ { print $2 }' \
	/proc/self/status && sort -u said)" 0000000000000000
size out.json python3 shm.py
check_equal lines_to_set "$(summary out.json '| [.systemd, .docker, .podman, .prlimit, .ulimit][]' 2>/dev/null ||
	jq -r 'select(.type == "summary") | .systemd, .docker, .podman, .prlimit, .ulimit' out.json)" \
	"LimitMEMLOCK=$((15 * page))
--ulimit memlock=$((15 * page)):$((15 * page))
--ulimit memlock=$((15 * page)):$((15 * page))
prlimit --memlock=$((15 * page)):$((15 * page))
ulimit -l $((15 * page / 1024))"
check_equal limits_conf_names_the_user "$(summary out.json limits_conf)" \
	"$uid:$uid - memlock $((15 * page / 1024))"
"$mlocktrace" size --tier "$tier" -k --as "$uid" -- python3 shm.py >out 2>text
check_equal text_leaves_stdout_alone "$(cat out)" ""
check text_has_the_line grep -qx "systemd      LimitMEMLOCK=$((15 * page))" text
check text_says_which_call grep -q 'shm_lock(' text
check_equal text_fits_on_a_page "$(awk 'length > 100' text)" ""
"$mlocktrace" size --tier "$tier" --as no-such-user -- true 2>err
check_equal no_such_user $? 2
"$mlocktrace" size --tier "$tier" --as "$uid" -- ./not-there 2>err
check_equal not_found_is_127 $? 127
check_equal then_no_limit_is_named "$(grep -c LimitMEMLOCK err)" 0
"$mlocktrace" size 2>err
check_equal no_command $? 2

# Another process of the same user has a part of what is compared.
mkfifo hold
cat >holds.py <<'END'
import ctypes
libc = ctypes.CDLL(None)
for i in [libc.shmget(0, 5 * 4096, 0o1600) for _ in range(3)]:
    libc.shmctl(i, 11, None)
    libc.shmat(i, None, 0)
    libc.shmctl(i, 0, None)  # gone with this process, however it ends
open("hold").read()
END
in_background under $((1 << 20)) python3 holds.py
holder=$job
# Only then the writer's end opens.
exec 9>hold
size out.json python3 shm.py
check_equal what_others_hold_is_needed_too "$(summary out.json need)" $((30 * page))
check_equal and_named "$(jq 'select(.counter == "shm") | .already' out.json)" $((15 * page))
exec 9>&-
wait "$holder"

# Records that are lost are counted, and make the figure a lower bound.
"$mlocktrace" size --tier "$tier" --json -o out.json --buffer 4K -- "$workload" loop 20000 >/dev/null 2>notes
status=$?
if (($(summary out.json lost) == 0)); then
	skip losses_are_told "nothing was lost"
else
	check_equal losses_are_told "$status $(summary out.json lower_bound)" "1 true"
fi

ktap_end
