# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests in debug-kernel/ share. Each is started on the host, with the name of a
# debug kernel, and runs itself again in a machine with that kernel. Sourced first.

set -u
umask 022
export LC_ALL=C.UTF-8

selftests=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
top=$(cd -P "$selftests/.." && pwd)
# shellcheck source=selftests/lib/ktap.sh
. "$selftests/lib/ktap.sh"

# in_machine: whether this is the second start
in_machine()
{
	[[ -n ${MLOCKTRACE_VM-} ]]
}

# The checkout would keep what is written there.
! in_machine || cd /tmp || exit

# objects_of KERNEL: where modules for it are built against
objects_of()
{
	"$selftests/vm/run" --headers "$1" || exit
}

# run_in_machine KERNEL [APPEND]: what the kernel says is for the test to judge
run_in_machine()
{
	exec "$selftests/vm/run" --kernel "$1" --timeout "${MLT_VM_TIMEOUT:-1800}" --tolerant \
		--append "${2-}" -- "$0" "$1"
}

# log_from LINE: the kernel's log behind it
log_from()
{
	dmesg | tail -n "+$(($1 + 1))"
}

# leaks: what nothing points to any more. It must be some seconds old, and not have changed
# from one look to the next.
leaks()
{
	sleep 6
	echo scan >/sys/kernel/debug/kmemleak
	echo scan >/sys/kernel/debug/kmemleak
	cat /sys/kernel/debug/kmemleak
}
