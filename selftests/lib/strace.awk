# SPDX-License-Identifier: GPL-2.0
#
# The lock calls in the output of `strace -f -e trace=LOCKS -X raw -o FILE`, one
# per line: tid, op, addr, len, arg, result (0 or the errno's name). Numbers stay
# as strace writes them, because awk would round them, except for the flags. A
# call that another thread's output interrupted is put together again; one that
# never returned, because its thread was killed, ends in "?".

function number(text,    i, n)
{
	if (text !~ /^0x/)
		return text == "" ? 0 : text
	for (i = 3; i <= length(text); i++)
		n = 16 * n + index("0123456789abcdef", substr(text, i, 1)) - 1
	return sprintf("%.0f", n)
}

function emit(tid, name, args, result,    a)
{
	gsub(/ /, "", args)
	split(args, a, ",")
	if (name == "mlockall" || name == "munlockall")
		print tid, name, "0x0", 0, number(a[1]), result
	else
		print tid, name, a[1] == "NULL" || a[1] == "0" ? "0x0" : a[1], a[2], number(a[3]), result
}

function result_of(text)
{
	if (text ~ /= -1 E/) {
		sub(/.*= -1 /, "", text)
		sub(/ .*/, "", text)
		return text
	}
	sub(/.*= /, "", text)
	sub(/ .*/, "", text)
	return text
}

BEGIN {
	OFS = "\t"
	locks = "^(mlock|mlock2|munlock|mlockall|munlockall)$"
}

{
	tid = $1
	rest = $0
	sub(/^[0-9]+ +/, "", rest)
}

rest ~ /^<\.\.\. [a-z0-9]+ resumed>/ {
	name = rest
	sub(/^<\.\.\. /, "", name)
	sub(/ .*/, "", name)
	if (name ~ locks && (tid in open_name)) {
		emit(tid, open_name[tid], open_args[tid], result_of(rest))
		delete open_name[tid]
	}
	next
}

rest ~ /^[a-z0-9]+\(/ {
	name = rest
	sub(/\(.*/, "", name)
	if (name !~ locks)
		next
	args = rest
	sub(/^[a-z0-9]+\(/, "", args)
	if (rest ~ /<(unfinished|detached) \.\.\.>$/) {
		sub(/ *<(unfinished|detached).*/, "", args)
		open_name[tid] = name
		open_args[tid] = args
		next
	}
	sub(/\).*/, "", args)
	emit(tid, name, args, result_of(rest))
}

END {
	for (tid in open_name)
		emit(tid, open_name[tid], open_args[tid], "?")
}
