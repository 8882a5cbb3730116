#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# faults.sh KERNEL: whichever allocation fails while the kernel module is loaded, it is
# refused or works without what is missing, and leaves nothing behind.
#
# MLT_FAULTS  how many allocations are tried, spread over all of them (default 40)

# shellcheck source=selftests/lib/debug.sh
. "$(dirname "$0")/../lib/debug.sh"

kernel=$1
folder=/sys/kernel/debug/mlocktrace
times=${MLT_FAULTS:-40}

if ! in_machine; then
	objects=$(objects_of "$kernel")
	if ! log=$(make -C "$top" --no-print-directory kmod KDIR="$objects" 2>&1); then
		fail module_is_built "$(tail -n 20 <<<"$log")"
		ktap_end
	fi
	run_in_machine "$kernel" kasan_multi_shot
fi

# Else only what may not wait fails, and no single pages.
allow_faults()
{
	local kind

	for kind in failslab fail_page_alloc; do
		echo N >/sys/kernel/debug/$kind/ignore-gfp-wait
		echo 0 >/sys/kernel/debug/$kind/verbose
	done
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}

# reports: of the kernel's, those that have a part of the module in them. Code that traces
# has warnings of its own for want of memory.
reports()
{
	log_from "$begin" | awk '
		function show()
		{
			if (report ~ /\[mlocktrace\]/)
				printf "%s", report
			report = ""
		}
		/BUG: |WARNING: |INFO: |Oops|general protection/ { show(); begun = 1 }
		begun { report = report $0 "\n" }
		END { show() }'
}

module=/tmp/mlocktrace.ko
# Read from where no allocation of the file system can fail
cp "$top/build/kmod/$(uname -r)/mlocktrace.ko" $module
insmod $module
hooks=$(awk '{ print $1, $2 }' $folder/hooks)
rmmod mlocktrace
leaks >/dev/null
echo clear >/sys/kernel/debug/kmemleak
begin=$(dmesg | wc -l)

allow_faults
"$top/build/selftests/debug-kernel/failing" $module mlocktrace "$times" >outcomes 2>&1
result $? every_load_ends
diag "after $SECONDS s"
diag_file outcomes
check_equal nothing_is_left_of_them "$(ls -d /sys/module/mlocktrace $folder 2>/dev/null)" ""
check_equal nothing_is_reported_of_the_module "$(reports)" ""
check_equal nothing_has_leaked "$(leaks)" ""

insmod $module
check_equal it_has_all_hooks_afterwards "$(awk '{ print $1, $2 }' $folder/hooks)" "$hooks"
rmmod mlocktrace

ktap_end
