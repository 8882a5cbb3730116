#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Install the Debian packages that the files named as arguments list, one a
# line. Does nothing, without a network, when all of them are there. Services
# that come with a package are neither started nor enabled.
set -eu

# What is asked for and not installed yet.
missing() {
	grep -hv '^#' "$@" | sort -u | while read -r package; do
		[ -n "$package" ] || continue
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
			grep -qx installed || echo "$package"
	done
}

# invoke-rc.d(8) asks this program before it starts anything.
forbid_services() {
	policy=/usr/sbin/policy-rc.d
	[ ! -e $policy ] || return 0
	trap 'rm -f $policy' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
}

for list; do
	[ -r "$list" ] || {
		echo "make deps: $list is missing; run it from the top of the checkout" >&2
		exit 1
	}
done
command -v dpkg-query >/dev/null || {
	echo "make deps knows Debian packages only; install by hand what these list: $*" >&2
	exit 1
}
packages=$(missing "$@" | tr '\n' ' ')
[ -n "$packages" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "make deps: this needs root: sudo apt-get install $packages" >&2
	exit 1
fi
echo "make deps: installing $packages(may take minutes)"
export DEBIAN_FRONTEND=noninteractive
forbid_services
apt-get update -qq -o DPkg::Lock::Timeout=120
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq -o DPkg::Lock::Timeout=120 --no-install-recommends $packages >/dev/null
for service in memcached prometheus; do
	case " $packages" in
	*" $service "*) update-rc.d "$service" disable >/dev/null 2>&1 || true ;;
	esac
done
