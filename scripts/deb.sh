#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian packages and their source package, into build/deb/: of a copy of what is or will be in the
# repository, so that nothing that lies about here gets into them. Needs no root and no network.
set -eu

cd "$(dirname "$0")/.."
out=$PWD/build/deb
tree=$out/mlocktrace

command -v dh >/dev/null || {
	echo "make deb: debhelper is missing: run make deps (as root)" >&2
	exit 1
}

# sources: the files, each ending in a zero byte
sources()
{
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -z --cached --others --exclude-standard
	else
		find . -path ./build -prune -o \( -type f -o -type l \) -print0
	fi
}

rm -rf "$out"
mkdir -p "$tree"
# A file that was deleted and is not committed yet is still listed.
sources | tar -c --null --ignore-failed-read -T - 2>/dev/null | tar -xC "$tree"
cd "$tree"
# What make was told for here means other folders there.
env -u MAKEFLAGS -u MAKELEVEL -u DESTDIR -u PREFIX -u LIBDIR \
	dpkg-buildpackage --unsigned-source --unsigned-changes --build=full "$@" >"$out/log" 2>&1 || {
	tail -n 40 "$out/log" >&2
	echo "make deb: the build failed; all of it is in $out/log" >&2
	exit 1
}
rm -rf "$tree"
printf '%s\n' "$out"/*.deb
