# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Two witnesses of one run: what strace wrote and what mlocktrace wrote, in the
# same form, so that diff can compare them call for call. Sourced after live.sh.

lock_calls=mlock,mlock2,munlock,mlockall,munlockall

strace_locks=(strace -f -qq -e "trace=$lock_calls" -e signal=none -X raw)

# Threads interleave differently for each witness: order counts per thread.
calls_by_strace()
{
	awk -f "$selftests/lib/strace.awk" "$1" | sort -s -k 1,1n
}

calls_by_mlocktrace()
{
	records tid op addr len arg ret errno <"$1" | awk -F '\t' -v OFS='\t' '
		$2 ~ /^(mlock|mlock2|munlock|mlockall|munlockall)$/ {
			print $1, $2, $3, $4, $5 == "-" ? 0 : $5, $6 == 0 ? 0 : $7
		}' | sort -s -k 1,1n
}

# from_mark: from a sorted list, what each thread did after the workload's mark;
# of threads that came later, all
from_mark()
{
	awk -F '\t' '
		{ line[NR] = $0; thread[NR] = $1 }
		$3 == "0x4d4c6000" { mark[$1] = NR }
		END { for (i = 1; i <= NR; i++) if (i > mark[thread[i]]) print line[i] }'
}

# The flags by name and the bytes in whole pages must follow from the arguments.
wrong_details()
{
	records op addr len arg flags asked delta before after <"$1" | awk -F '\t' '
		function has(bit) { return int($4 / bit) % 2 }
		function name_is(name, bit) {
			return ("," $5 "," ~ "," name ",") == has(bit)
		}
		function low_bits(hex,    i, n) {
			hex = substr(hex, length(hex) - 2)
			sub(/.*x/, "", hex)
			for (i = 1; i <= length(hex); i++)
				n = 16 * n + index("0123456789abcdef", substr(hex, i, 1)) - 1
			return n
		}
		function pages(n) { return int((n + low_bits($2) + 4095) / 4096) * 4096 }
		$1 == "mlock2" && !(name_is("MLOCK_ONFAULT", 1) &&
				    ($4 > 1) == ($5 ~ /unknown_flags/)) { print "flags: " $0 }
		$1 == "mlockall" && !(name_is("MCL_CURRENT", 1) && name_is("MCL_FUTURE", 2) &&
				      name_is("MCL_ONFAULT", 4) &&
				      ($4 > 7) == ($5 ~ /unknown_flags/)) { print "flags: " $0 }
		$1 ~ /^(mlock2?|munlock)$/ && length($3) < 15 && $6 != pages($3) { print "asked: " $0 }
		$8 + $7 != $9 { print "delta: " $0 }'
}

# In a workload of one thread each record must begin where the last one ended.
# Other programs also map memory that is locked from the start.
broken_chain()
{
	records pid tid op before after comm <"$1" | awk -F '\t' '
		$3 == "setrlimit" || $6 !~ /workload/ { next }
		$1 != $2 { threads[$1] = 1 }
		$1 in last && last[$1] != $4 {
			broken[++n] = "pid " $1 ": " $3 " begins with " $4 " after " last[$1]
			whose[n] = $1
		}
		{ last[$1] = $5 }
		END { for (i = 1; i <= n; i++) if (!threads[whose[i]]) print broken[i] }'
}

# of_threads FILE: lines on stdin of the threads that are in a list of calls
of_threads()
{
	awk -F '\t' 'FNR == NR { ours[$1]; next } $1 in ours' "$1" -
}

# but_killed STRACE_LIST: without what was recorded in the place of a call during
# which its thread was killed. Such a call has no result for strace, and the kernel
# may not have begun it.
but_killed()
{
	awk -F '\t' '
		FNR == NR {
			n[$1]++
			if ($6 == "?")
				killed[$1] = n[$1]
			next
		}
		++seen[$1] != killed[$1]' "$1" -
}

# same_calls NAME STRACE_FILE JSON_FILE: as far as threads are concerned that strace has
same_calls()
{
	calls_by_strace "$2" >by.strace
	cat by.strace >>all.strace
	calls_by_mlocktrace "$3" | of_threads by.strace | but_killed by.strace >by.mlocktrace
	but_killed by.strace <by.strace >by.strace.whole
	mv by.strace.whole by.strace
	if [[ ! -s by.strace ]]; then
		fail "$1" "strace saw no call at all"
	elif diff -u by.strace by.mlocktrace >by.diff; then
		pass "$1 ($(wc -l <by.strace) calls)"
	else
		fail "$1" "$(head -n 40 by.diff)"
	fi
}
