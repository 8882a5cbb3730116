#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel module, as far as can be told without loading it: it builds for each
# kernel of the virtual machines without a word from the compiler, from sparse or
# from checkpatch --strict. What checkpatch is wrong about is listed here and
# nowhere else. Prints KTAP.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

kernels=(6.1 6.12 6.12-rt)

# TYPE FILES REASON: what checkpatch must not say of files that match
exceptions='
LINUX_VERSION_CODE      kmod/compat.h    outside of the tree a module must know the version
CONSTANT_COMPARISON     kmod/compat.h    it takes KERNEL_VERSION() for the constant
MACRO_ARG_UNUSED        *                rows of the .def files have more columns than one expansion needs
BRACKET_SPACE           *                [id] = name in a row is no index of anything
COMPLEX_MACRO           *                a row that becomes enumerators, initialisers or functions
TRAILING_SEMICOLON      *                a row that becomes a declaration
MACRO_ARG_REUSE         *                arguments that are tags and names of fields have no side effects
MACRO_ARG_PRECEDENCE    *                nor operators
OPEN_ENDED_LINE         kmod/trace.h     TRACE_EVENT is written so everywhere
PARENTHESIS_ALIGNMENT   kmod/trace.h     TRACE_EVENT is written so everywhere
PREFER_KERNEL_TYPES     body/*           also compiled as part of the library
ARRAY_SIZE              body/*           also compiled as part of the library
'

# What sparse must not say. The bodies are eBPF programs as well: these have no NULL, and
# read everything by its address, so that who protects a pointer is nothing to them.
sparse_exceptions='body/[a-z]*\.h:[0-9:]* warning: (Using plain integer as NULL pointer'
sparse_exceptions+="|cast removes address space '__rcu'"
sparse_exceptions+='|incorrect type in (initializer|assignment) \(different address spaces\))'

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-kmod.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

ignored_in()
{
	local type files reason

	while read -r type files reason; do
		# shellcheck disable=SC2053 # a pattern
		[[ -z $reason || $1 != $files ]] || echo "$type"
	done <<<"$exceptions" | paste -sd,
}

# without_warnings NAME MAKE-ARGUMENT...
without_warnings()
{
	local name=$1

	shift
	if ! make -j "$(nproc)" kmod KDIR="$kdir" KMOD="$scratch/$kernel" "$@" \
		>"$scratch/log" 2>&1; then
		diag_file "$scratch/log" 40
		fail "$name"
		return
	fi
	check_equal "$name" "$(grep -iE 'warning|error|undefined' "$scratch/log" |
		grep -vE "$sparse_exceptions" | head -n 30)" ""
}

# The version is said in three places, and DKMS makes a folder of it.
check_equal dkms_has_the_same_version \
	"$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)" \
	"$(sed -n 's/^VERSION := //p' Makefile)"

for kernel in "${kernels[@]}"; do
	if ! kdir=$(selftests/vm/run --headers "$kernel" 2>"$scratch/err"); then
		diag_file "$scratch/err"
		fail "$kernel: headers"
		continue
	fi
	without_warnings "$kernel: W=1" W=1
	if type -P sparse >/dev/null; then
		without_warnings "$kernel: sparse" C=2 \
			CF="-D__CHECK_ENDIAN__ -fmax-warnings=unlimited"
	else
		skip "$kernel: sparse" "sparse is not installed (make deps)"
	fi
done
check_equal the_build_leaves_the_sources_alone \
	"$(find kmod body include -name '*.o' -o -name '*.cmd' -o -name '*.mod*')" ""

# The bodies (body/*.h) are written for eBPF as well, which has its own ways.
if checkpatch=$(selftests/vm/run --kernel-scripts 2>"$scratch/err"); then
	# In a repository it would leave a file behind.
	top=$PWD
	for file in kmod/*.[ch] body/cause*.[ch]; do
		check_equal "checkpatch $file" "$(cd "$scratch" && perl "$checkpatch/checkpatch.pl" \
			--no-tree --file --strict --terse --quiet --show-types \
			--ignore "$(ignored_in "$file")" "$top/$file" | grep -v '^total: ')" ""
	done
else
	diag_file "$scratch/err"
	fail checkpatch
fi

ktap_end
