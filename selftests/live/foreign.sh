#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs that were not written for this, under limits that are too small: strace
# confirms each refusal, the limit that the verdict names is enough and a page less is
# not, and after all of them the books are what the kernel says.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

need strace fio perf stress-ng

# A user of our own: what others are charged is not ours.
uid=1879048200
chmod 777 .
dd if=/dev/zero of=data bs=64K count=4 2>/dev/null
chmod 666 data
cat >as-user <<END
#!/bin/sh
# as-user LIMIT COMMAND...
limit=\$1
shift
exec prlimit --memlock="\$limit:\$limit" setpriv --reuid $uid --regid $uid --clear-groups "\$@"
END
chmod 755 as-user
fio=(fio --name=a --ioengine=io_uring --fixedbufs=1 --iodepth=16 --bs=16k --size=256k --rw=read
	--filename="$scratch/data" --output=/dev/null)
perf=(perf record -q -m 1024 -o "$scratch/perf.data" -e dummy true)

if ! ./as-user 8388608 "${fio[@]}" 2>err; then
	diag_file err
	skip_all "users get no io_uring here, or one that fio cannot use"
fi

# refused CALLS FILE: errnos of failed calls by strace, which calls them by those names
refused()
{
	grep -E "^[0-9]+ +($1)\(.* = -1 " "$2" | sed -E 's/.* = -1 ([A-Z]+).*/\1/' | sort | uniq -c
}

# recorded OP...: the same of records
recorded()
{
	jq -r --arg ops "$*" 'select(.ret < 0 and (.op | IN($ops | split(" ")[]))) | .errno' out.json |
		sort | uniq -c
}

# The end of a refused fio is not of interest; its refusal is.
cat >batch.sh <<END
./as-user 65536 strace -f -qq -o fio.strace -e trace=io_uring_register ${fio[*]@Q}
./as-user 65536 strace -f -qq -o perf.strace -e trace=mmap ${perf[*]@Q}
:
END
trace_json out.json -f -e "$lock_ops,$charge_ops" -- bash batch.sh 2>/dev/null
missed refusals steps && ktap_end
check_equal io_uring_is_refused_as_strace_says "$(recorded io_uring)" \
	"$(refused io_uring_register fio.strace)"
check_equal io_uring_was_refused "$(recorded io_uring | awk '{ print $2 }')" ENOMEM
check_equal perf_is_refused_as_strace_says "$(recorded perf_mmap)" \
	"$(grep -F MAP_SHARED perf.strace | grep -F EPERM >of.perf; refused mmap of.perf)"
check_equal perf_was_refused "$(recorded perf_mmap | awk '{ print $2 }' | sort -u)" EPERM
check_equal each_refusal_is_one_by_the_limit \
	"$(jq -r 'select(.ret < 0 and .op != "exit") | .cause' out.json | sort -u)" over_limit
check_equal each_sum_holds "$(jq -c 'select(.ret < 0) |
	select(.before + .asked <= .limit or .needed_limit != .before + .asked)' out.json)" ""

# fio_under LIMIT: does it get its buffers?
fio_under()
{
	./as-user "$1" strace -f -qq -o again.strace -e trace=io_uring_register "${fio[@]}" 2>/dev/null
	refused io_uring_register again.strace | awk '{ print $2 }'
}

needed=$(jq -r 'select(.ret < 0 and .op == "io_uring") | .needed_limit' out.json)
check_equal the_limit_named_is_enough "$(fio_under "$needed")" ""
check_equal a_page_less_is_not "$(fio_under $((needed - $(getconf PAGESIZE))))" ENOMEM

cat >batch.sh <<END
./as-user 65536 ${fio[*]@Q}
./as-user 8388608 ${fio[*]@Q}
./as-user 65536 ${perf[*]@Q}
./as-user 65536 perf record -q -o "$scratch/perf.data" -e dummy true
./as-user 262144 stress-ng --temp-path . --mlock 1 --mlock-ops 50 --mremap 1 --mremap-mlock --mremap-ops 50 \\
	--shm-sysv 1 --shm-sysv-ops 5 --quiet
stress-ng --mlockmany 1 --mlockmany-ops 1 --mlockmany-procs 4 --quiet
gpg --homedir . --batch --gen-random 0 16 >/dev/null
cyclictest -m -l 10 -q >/dev/null
:
END
"$mlocktrace" audit --tier "$tier" --json -o audit.json -f -- bash batch.sh 2>notes
status=$?
missed audit steps && ktap_end
check_equal "audit: exit_status" "$status" 0
diag_file notes 10
check_equal "audit: the_books_are_what_the_kernel_says" \
	"$(jq -c 'select(.type == "summary") | [.drift, .adrift, .pass]' audit.json)" "[0,0,true]"
check_equal "audit: no_row_is_wrong" "$(jq -c 'select(.type != "summary") |
	select(.drift != 0 or .records_agree == false)' audit.json | head)" ""
check "audit: there_was_something_to_compare" \
	jq -e 'select(.type == "summary") | .ended > 3' audit.json

ktap_end
