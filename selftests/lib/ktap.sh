# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# KTAP for shell tests. A test program sources this, reports with the functions
# below and ends with ktap_end, which prints the plan and exits 0 (all passed
# or some skipped), 1 (one failed) or 4 (all skipped). Output that ends without
# a plan was cut off, and the runner counts that as a failure.

ktap_count=0
ktap_failed=0
ktap_skipped=0

echo "KTAP version 1"

# diag TEXT...: what explains the next or last result
diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# diag_file FILE [LINES]: its end, if it has any
diag_file()
{
	[[ -s $1 ]] || return 0
	diag "${1##*/}:"
	tail -n "${2:-20}" "$1" | tr -d '\000' | cut -c 1-400 | sed 's/^/#   /'
}

pass()
{
	echo "ok $((++ktap_count)) $1"
}

# fail NAME [REASON]
fail()
{
	[[ -z ${2-} ]] || diag "$2"
	((++ktap_failed))
	echo "not ok $((++ktap_count)) $1"
}

# skip NAME REASON
skip()
{
	((++ktap_skipped))
	echo "ok $((++ktap_count)) $1 # SKIP ${2//$'\n'/ }"
}

# result STATUS NAME: for a status computed before
result()
{
	if (($1 == 0)); then
		pass "$2"
	else
		fail "$2"
	fi
}

# check NAME COMMAND...: passes if COMMAND succeeds; its output explains a failure
check()
{
	local name=$1 output status

	shift
	output=$("$@" 2>&1)
	status=$?
	((status == 0)) || diag "${output:-exit status $status of: $*}"
	result "$status" "$name"
}

# check_equal NAME GOT WANTED
check_equal()
{
	if [[ $2 == "$3" ]]; then
		pass "$1"
	else
		fail "$1" "got:    ${2:0:2000}"$'\n'"wanted: ${3:0:2000}"
	fi
}

ktap_end()
{
	echo "1..$ktap_count"
	((ktap_failed == 0)) || exit 1
	((ktap_skipped < ktap_count)) || exit 4
	exit 0
}

# skip_all REASON: the whole program
skip_all()
{
	skip "$(basename "$0" .sh)" "$1"
	ktap_end
}
