#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make install puts everything below DESTDIR, with paths that say PREFIX; make uninstall takes all of
# it away again.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

[[ -x build/mlocktrace ]] || skip_all "no mlocktrace: run make"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-install.XXXXXX") || exit 1
# What is looked at in every build shall say again what it said.
trap 'rm -rf "$scratch"; make -s all' EXIT
places=(DESTDIR="$scratch" PREFIX=/opt/mlt)

files()
{
	(cd "$scratch" && find . -type f -o -type l)
}

check it_is_installed make -s install "${places[@]}"
check_equal all_is_below_the_prefix "$(files | grep -v '^\./opt/mlt/')" ""
installed=$(files)
for file in bin/mlocktrace lib/libmlocktrace.{so,so.0,a} lib/pkgconfig/libmlocktrace.pc \
	lib/systemd/system/mlocktrace-exporter.{service,socket} share/mlocktrace/prometheus/{rules,alerts}.yml \
	share/mlocktrace/grafana/mlocktrace.json share/man/man3/mlocktrace_close.3; do
	check "$file: is_there" grep -qxF "./opt/mlt/$file" <<<"$installed"
done
check_equal every_header_is_there "$(cd "$scratch/opt/mlt/include" && echo mlocktrace/*)" \
	"$(cd include && echo mlocktrace/* | sed 's|mlocktrace/hooks.def ||')"
check_equal every_manual_is_there \
	"$(cd Documentation/man && for page in *; do [[ -e $scratch/opt/mlt/share/man/man${page##*.}/$page ]] ||
		echo "$page"; done)" ""
check the_unit_runs_what_is_installed grep -q '^ExecStart=/opt/mlt/bin/mlocktrace ' \
	"$scratch/opt/mlt/lib/systemd/system/mlocktrace-exporter.service"
check_equal pkg_config_says_where "$(PKG_CONFIG_PATH=$scratch/opt/mlt/lib/pkgconfig \
	pkg-config --variable=prefix libmlocktrace)" /opt/mlt
check the_installed_tool_works "$scratch/opt/mlt/bin/mlocktrace" --version

check it_is_uninstalled make -s uninstall "${places[@]}"
check_equal nothing_is_left "$(files)" ""
check_equal no_folder_of_our_own_is_left "$(cd "$scratch/opt" && find . -mindepth 2 -name '*mlocktrace*')" ""

ktap_end
