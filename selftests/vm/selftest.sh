#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests the runner itself: selftest.sh [KERNEL]. Prints KTAP; exits with 0 if
# all passed, 1 if not, and 4 if machines cannot run here.

# shellcheck disable=SC2317 # functions are called by their names in $tests
# shellcheck disable=SC2016 # most commands are for the guest to expand

set -u

kernel=${1:-6.1}
vm_dir=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd -P "$vm_dir/../.." && pwd)
run=$vm_dir/run
failure=125
failed=0
number=0

tests=(
	exit_status
	killed_command
	command_not_found
	arguments_are_exact
	environment
	streams_are_apart
	output_is_live
	large_output_is_exact
	left_over_processes
	folder_is_the_callers
	guest_system
	panic_is_failure
	warning_is_failure
	timeout_is_failure
	early_end_is_failure
	termination_cleans_up
	unknown_kernel
)

# in_vm COMMAND...: leaves its output in $out and $err, its status in $status
in_vm()
{
	"$run" --kernel "$kernel" "${options[@]}" -- "$@" \
		>"$out" 2>"$err" </dev/null
	status=$?
}

# expect STATUS [STDERR]: of the last in_vm; STDERR is a part of it
expect()
{
	if ((status != $1)); then
		echo "# exit status $status instead of $1"
		return 1
	fi
	if [[ $(<"$err") != *"${2-}"* ]]; then
		echo "# stderr lacks: $2"
		return 1
	fi
}

same()
{
	[[ $1 == "$2" ]] && return
	echo "# got '$1' instead of '$2'"
	return 1
}

exit_status()
{
	in_vm sh -c 'exit 37'
	expect 37
}

killed_command()
{
	in_vm sh -c 'kill -SEGV $$'
	expect $((128 + 11))
}

command_not_found()
{
	in_vm /nonexistent/command
	expect 127 /nonexistent/command
}

arguments_are_exact()
{
	local words=('a b' '' "it's" '"$HOME"' $'new\nline\n' '*' \\ '-n' $'\t'
		$'\x01\x7f\x80\x81\x88\xff' 'ä€' '$(exit 9)' '#' 'a=b' '--')

	in_vm printf '<%s>' "${words[@]}"
	printf '<%s>' "${words[@]}" | cmp - "$out" && expect 0
}

environment()
{
	MLT_TEST=$'two\nlines' CI=yes SECRET=x in_vm sh -c '
		printf "%s;" "$MLT_TEST" "$CI" "${SECRET-unset}" "$MLOCKTRACE_VM"
		cd && touch file && cat'
	same "$(<"$out")" $'two\nlines;yes;unset;'"$kernel;" && expect 0
}

streams_are_apart()
{
	in_vm sh -c 'echo out; echo err >&2; echo out >/dev/stdout
		su nobody -s /bin/sh -c "echo err >/dev/stderr"'
	same "$(<"$out")" $'out\nout' && same "$(<"$err")" $'err\nerr' &&
		expect 0
}

output_is_live()
{
	local first

	exec {live}< <("$run" --kernel "$kernel" -- \
		sh -c 'echo first; sleep 600' 2>/dev/null)
	read -r -t 60 -u "$live" first
	kill $!
	exec {live}<&-
	same "$first" first
}

large_output_is_exact()
{
	in_vm sh -c 'seq 1000000; printf end'
	{ seq 1000000; printf end; } | cmp - "$out" && expect 0
}

left_over_processes()
{
	in_vm sh -c '
		sleep 600 & setsid sleep 600 &
		while :; do sleep 1; done & echo end'
	same "$(<"$out")" end && expect 0
}

folder_is_the_callers()
{
	local here elsewhere

	in_vm pwd
	here=$(<"$out")
	cd / || return
	in_vm pwd
	elsewhere=$(<"$out")
	cd "$vm_dir" || return
	same "$here" "$vm_dir" && same "$elsewhere" "$checkout"
}

# guest_system_checks: in the guest, prints what is not as it should be
guest_system_checks()
{
	check()
	{
		"${@:2}" >/dev/null || echo "$1"
	}
	as_nobody()
	{
		setpriv --reuid nobody --regid nogroup --clear-groups "$@"
	}
	read_only()
	{
		! touch "$1" 2>/dev/null
	}

	check "wrong kernel" test -d "/lib/modules/$(uname -r)/kernel"
	check "cannot write in the checkout" touch "$1/written"
	check "nobody cannot write in the checkout" \
		as_nobody touch "$1/nobody/written"
	check "can write in /usr" read_only /usr/written
	check "can write in /etc" read_only /etc/written
	check "no su" test "$(su nobody -s /bin/sh -c 'id -un')" = nobody
	cp /usr/bin/id /tmp/id && chmod u+s /tmp/id
	check "no setuid programs" test "$(as_nobody /tmp/id -u)" = 0
	check "no user namespaces" test "$(unshare -Ur id -u)" = 0
	check "no user namespaces for nobody" \
		test "$(as_nobody unshare -Ur id -u)" = 0
	check "no module loading" modprobe dummy
	mount -t vfat none /tmp 2>/dev/null
	check "no module loading by the kernel" test -d /sys/module/vfat
	check "no loopback network" \
		test $(($(</sys/class/net/lo/flags) & 1)) = 1
	check "no /dev/shm" touch /dev/shm/file
	check "no terminals" script -qec true /dev/null
	check "no /dev/fd" cat <(true)
	check "no debugfs" test -d /sys/kernel/debug/tracing/events
	check "no tracefs" test -d /sys/kernel/tracing/events
	check "no bpffs" mkdir /sys/fs/bpf/folder
	check "no cgroup2" test -e /sys/fs/cgroup/cgroup.controllers
	check "no BTF" test -r /sys/kernel/btf/vmlinux
}

guest_system()
{
	mkdir "$scratch_in_checkout/nobody"
	chmod 777 "$scratch_in_checkout/nobody"
	in_vm bash -c "$(declare -f guest_system_checks)
		guest_system_checks '${scratch_in_checkout//\'/\'\\\'\'}'"
	same "$(<"$out")" "" && expect 0 &&
		[[ -f $scratch_in_checkout/written ]] &&
		same "$(stat -c %U "$scratch_in_checkout/nobody/written")" nobody
}

panic_is_failure()
{
	in_vm sh -c 'echo c >/proc/sysrq-trigger; sleep 60'
	expect "$failure" 'sysrq triggered crash'
}

warning_is_failure()
{
	in_vm sh -c 'echo "WARNING: CPU: 0 PID: 1 at test" >/dev/kmsg'
	expect "$failure" 'WARNING: CPU: 0 PID: 1 at test'
}

timeout_is_failure()
{
	options=(--timeout 20)
	in_vm sleep 600
	expect "$failure" 'after 20 seconds'
}

early_end_is_failure()
{
	in_vm sh -c 'echo o >/proc/sysrq-trigger; sleep 60'
	expect "$failure" 'ended before'
}

termination_cleans_up()
{
	mkdir "$scratch/temporary"
	TMPDIR=$scratch/temporary "$run" --kernel "$kernel" -- sleep 600 &
	until grep -q . "$scratch"/temporary/*/console 2>/dev/null; do
		sleep 0.2
	done
	kill $!
	wait $!
	same "$(ls "$scratch/temporary")" "" &&
		same "$(pgrep -f "$scratch/temporary")" ""
}

unknown_kernel()
{
	kernel=2.6 in_vm true
	expect "$failure" '2.6'
}

clean_up()
{
	rm -rf "$scratch" "$scratch_in_checkout"
}

run_test()
{
	options=(--timeout 120)
	if "$1"; then
		echo "ok $((++number)) $1"
		return
	fi
	sed 's/^/# /' "$err"
	echo "not ok $((++number)) $1"
	failed=1
}

echo "TAP version 13"
if ! type -P qemu-system-x86_64 >/dev/null; then
	echo "1..0 # SKIP no QEMU: run 'make deps'"
	exit 4
fi
echo "1..${#tests[@]}"
scratch=$(mktemp -d) || exit 1
scratch_in_checkout=$(mktemp -d "$vm_dir/.test.XXXXXX") || exit 1
trap clean_up EXIT
out=$scratch/out
err=$scratch/err
chmod 755 "$scratch_in_checkout"
cd "$vm_dir" || exit 1
for test in "${tests[@]}"; do
	run_test "$test"
done
exit $failed
