#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Install the Debian packages that the files named as arguments list, one a
# line. Does nothing, without a network, when all of them are there.
set -eu

# What is asked for and not installed yet.
missing() {
	grep -hv '^#' "$@" | sort -u | while read -r package; do
		[ -n "$package" ] || continue
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || echo "$package"
	done
}

command -v dpkg-query >/dev/null || {
	echo "make deps knows Debian packages only; install by hand what these list: $*" >&2
	exit 1
}
packages=$(missing "$@" | tr '\n' ' ')
[ -n "$packages" ] || exit 0
echo "make deps: installing $packages"
if [ "$(id -u)" != 0 ]; then
	echo "make deps: this needs root: sudo apt-get install $packages" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $packages >/dev/null
