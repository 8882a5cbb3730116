#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The layers of the house, as far as a search can prove them: who may include
# and call what. Prints KTAP; a new rule is one line at the end.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

sources()
{
	find "$@" -name '*.[ch]' -o -name '*.def' 2>/dev/null | sort
}

# code FILE...: FILE:LINE:TEXT without comments and with empty strings. A rule
# about strings looks at the files themselves.
code()
{
	awk '
		FNR == 1 { inside = 0 }
		{
			line = $0
			if (inside) {
				if (!sub(/^.*\*\//, "", line))
					next
				inside = 0
			}
			# A string with a comment in it must not open one.
			if (line !~ /#[ \t]*include/)
				gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
			gsub(/\/\*[^*]*\*+([^\/*][^*]*\*+)*\//, "", line)
			sub(/\/\/.*/, "", line)
			if (sub(/\/\*.*/, "", line))
				inside = 1
			print FILENAME ":" FNR ":" line
		}' "$@"
}

# never NAME PATTERN EXCEPT FOLDER...: no line of code matches, but in files that match EXCEPT
never()
{
	local name=$1 pattern=$2 except=$3 files found

	shift 3
	mapfile -t files < <(sources "$@" | grep -vE "^(${except:-nothing})$")
	if ((${#files[@]} == 0)); then
		skip "$name" "no files in $*"
		return
	fi
	found=$(code "${files[@]}" | grep -E "^[^:]*:[0-9]*:.*($pattern)")
	check_equal "$name" "$found" ""
}

everywhere=(include body lib bpf kmod tools selftests)

never libbpf_in_the_bpf_source_only '#include <bpf/(libbpf|bpf|btf)\.h>' \
	'lib/(source|snapshot)_bpf[a-z_]*\.[ch]' include body kmod lib tools selftests
never producers_see_no_library '#include [<"](mlocktrace/mlocktrace\.h|.*internal\.h|.*lib/)' '' \
	bpf body kmod
never bpf_does_not_know_the_module '#include [<"].*kmod/' '' bpf
never the_module_does_not_know_bpf '#include [<"].*bpf[/.]|\<bpf_|BTF' '' kmod
never bodies_are_of_no_producer '\<bpf_|BPF_|#include [<"](linux/|bpf/|.*bpf\.h|.*kmod/)' \
	'body/plain\.h' body
never kernel_differences_in_one_file 'bpf_core_[a-z_]*_exists' 'bpf/kver\.bpf\.h' bpf
never kernel_versions_in_one_file 'LINUX_VERSION_CODE|KERNEL_VERSION\(' 'kmod/compat\.h' \
	"${everywhere[@]}"
never internals_stay_inside '#include "(.*/)?internal\.h"' '(lib|selftests/unit)/.*' \
	include body bpf kmod tools selftests
never tools_use_the_public_header '#include "(\.\./|lib/|.*bpf)' '' tools
never tests_of_the_outside_use_no_internals '#include "(\.\./)*lib/' 'selftests/unit/.*' selftests
never library_does_not_print '\<(v?printf|puts|putchar|perror|psignal)[ (]|\<std(out|err)\>' '' lib
never library_does_not_exit '\<(_?exit|_Exit|abort|quick_exit)[ ]*\(' '' lib
never library_leaves_signals_alone '\<(signal|sigaction|sigprocmask|pthread_sigmask)[ ]*\(' '' lib
never public_headers_include_little '#include "|#include <(bpf|json-c|elf)' '' include

# A cause has its name in events.def. Elsewhere its enum is used, so that the
# compiler knows it; golden data and tests of the very names are exempt.
causes=$(sed -nE 's/^MLT_CAUSE\([^"]*"([^"]+)".*/\1/p' include/mlocktrace/events.def |
	grep -vxE 'ok|other' | paste -sd'|')
check_equal causes_are_named_in_one_place \
	"$(sources lib tools bpf body kmod | xargs grep -nE "\"($causes)\"" /dev/null)" ""

ktap_end
