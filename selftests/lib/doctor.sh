# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What doctor says of a tier, asked once for all tests: sourced by run and live.sh.

# As `make kmod` has built it for this kernel
module_file=$selftests/../build/kmod/$(uname -r)/mlocktrace.ko

# The kernel module, if it is not there yet
load_module()
{
	mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug 2>/dev/null
	[[ -d /sys/module/mlocktrace || ! -e $module_file ]] || insmod "$module_file"
}

# ask_doctor TIER: sets MLT_WHY_NOT and MLT_SKIPS, see live.sh
ask_doctor()
{
	local answer

	[[ $1 != kmod ]] || load_module
	answer=$("${MLT_TOOL:-$selftests/../build/mlocktrace}" doctor --json --tier "$1" 2>/dev/null |
		jq -r '.auto as $auto | ([.tiers[] | select(.name == $auto)] + .tiers)[0] |
			if .works then "works \(.skips)" else "\(.name): \(.why_not)" end' 2>/dev/null)
	export MLT_WHY_NOT=$answer MLT_SKIPS=
	if [[ $answer == "works "* ]]; then
		MLT_WHY_NOT=
		MLT_SKIPS=${answer#works }
	fi
}
