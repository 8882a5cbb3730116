#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The Debian packages, installed by apt into a root of their own that covers this machine's like a
# sheet of glass: what lies under it is seen, and nothing that is done reaches it. There is no
# network there. What they install works, and after a purge nothing is left of it.

export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

kernel=6.12
packages=(libmlocktrace0 libmlocktrace-dev mlocktrace mlocktrace-dkms)
# Databases and logs of those who install, and what depmod, mandb and ldconfig make anew
not_ours='var/(log|cache|lib/(dpkg|apt|systemd))/.*|etc/ld\.so\.cache|usr/lib/modules/[^/]*/modules\..*'
# Made by dkms when it builds its first module
not_ours+='|var/lib/dkms/(mok\..*|dkms_dbversion)'

((UID == 0)) || skip_all "installing needs root"
for tool in dh dkms lintian apt-get pkg-config; do
	type -P $tool >/dev/null || skip_all "$tool is not installed (make deps)"
done
if [[ ${1-} != inside ]]; then
	unshare --mount --net --propagation private true 2>/dev/null ||
		skip_all "no private mounts here"
	# The kernel's headers may have to be downloaded.
	if ! MLT_KDIR=$(selftests/vm/run --headers "$kernel" 2>&1); then
		skip_all "no headers of $kernel: $MLT_KDIR"
	fi
	export MLT_KDIR
	# Its heading was printed above.
	unshare --mount --net --propagation private "$0" inside | sed 1d
	exit "${PIPESTATUS[0]}"
fi

debs=$PWD/build/deb
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-debian.XXXXXX") || exit 1
trap 'cd /; umount -R -l "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
root=$scratch/root
upper=$scratch/upper

release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$MLT_KDIR/include/generated/utsrelease.h")
version=$(sed -n 's/^VERSION := //p' Makefile)

# apart COMMAND...: in that root
apart()
{
	chroot "$root" env HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

make_root()
{
	mount -t tmpfs -o mode=755 tmpfs "$scratch" &&
		mkdir "$root" "$upper" "$scratch/work" &&
		mount -t overlay -o "lowerdir=/,upperdir=$upper,workdir=$scratch/work" overlay "$root" &&
		mount --rbind /proc "$root/proc" && mount --rbind /sys "$root/sys" &&
		mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/tmp" &&
		mount --bind "$debs" "$root/mnt" || return
	# dkms looks there, and the cache may be on a disk of its own.
	mkdir -p "$root/lib/modules/$release" "$root$headers" &&
		mount --bind "$headers" "$root$headers" &&
		ln -sfn "$MLT_KDIR" "$root/lib/modules/$release/build" &&
		touch "$root/lib/modules/$release/"modules.{order,builtin}
}

# left: what is in the sheet of glass, other than what was under it
left()
{
	local path

	(cd "$upper" && find . -mindepth 1 -printf '%P\n') | sort | while read -r path; do
		if [[ -d $upper/$path && ! -L $upper/$path ]]; then
			[[ -d /$path ]] || echo "$path/"
		elif [[ -c $upper/$path && ! -c /$path ]]; then
			echo "gone: $path"
		else
			cmp -s "$upper/$path" "/$path" || echo "$path"
		fi
	done | grep -vxE "$not_ours"
}

# "installed" or nothing. What dkms compares, readelf remarks upon.
module_status()
{
	apart dkms status -m mlocktrace -v "$version" -k "$release" 2>/dev/null | sed -n 's/.*: //p'
}

check_equal changelog_has_the_same_version "$(dpkg-parsechangelog -l debian/changelog -S Version)" "$version"
check packages_are_built make -s deb
check_equal lintian_has_nothing_to_say \
	"$(lintian --allow-root --pedantic --display-info --fail-on none "$debs"/*.changes 2>&1)" ""

headers=${MLT_KDIR%/usr/src/*}
check a_root_of_their_own make_root
mountpoint -q "$root/mnt" || ktap_end
left >"$scratch/before"

files=()
for package in "${packages[@]}"; do
	files+=("$(cd "$debs" && echo "./${package}_${version}"_*.deb)")
done
apt=(apt-get -y -q --no-install-recommends -o Dpkg::Options::=--force-unsafe-io)
check they_can_be_installed apart env -C /mnt "${apt[@]}" install "${files[@]}"
check_equal dpkg_finds_no_fault "$(apart dpkg --audit; apart dpkg --verify "${packages[@]}")" ""

check_equal the_tool_says_its_version "$(apart mlocktrace --version)" "mlocktrace $version"
check_equal the_tool_works "$(apart mlocktrace ps -q -p $$ --json | jq -r '.comm // empty')" \
	"$(cat /proc/$$/comm)"
for page in Documentation/man/*; do
	page=${page##*/}
	check_equal "man ${page%.*}" "$(apart man -w "${page##*.}" "${page%.*}")" \
		"/usr/share/man/man${page##*.}/$page.gz"
done
if type -P systemd-analyze >/dev/null; then
	check_equal units_are_units "$(apart systemd-analyze --man=no verify \
		/lib/systemd/system/mlocktrace-exporter.{service,socket} 2>&1)" ""
fi
check_equal no_service_is_enabled \
	"$(find "$upper/etc/systemd" -name '*mlocktrace*' 2>/dev/null)" ""

mapfile -t functions < <(sed -nE 's/^[ \t]*(mlocktrace_[a-z_0-9]+);.*/\1/p' lib/libmlocktrace.map)
check_equal man_finds_every_function "$(apart man -w 3 "${functions[@]}" | wc -l)" "${#functions[@]}"

# What make tests compiles against the tree is compiled against what is installed, as packed.
for source in Documentation/examples/*.c; do
	example=${source##*/}
	packed=$(apart find /usr/share/doc/libmlocktrace-dev/examples -name "$example*")
	check "$example: compiles" apart sh -c "gzip -cdf '$packed' | gcc -xc -Wall -Werror \
		-o '/tmp/$example.out' - \$(pkg-config --cflags --libs libmlocktrace)"
done
check examples_find_the_library \
	grep -q "libmlocktrace.so.0 => /lib/" <(apart ldd /tmp/version.c.out)
check_equal examples_work "$(apart /tmp/version.c.out)" "libmlocktrace $version"

check_equal dkms_has_built_it "$(module_status)" installed
check_equal the_module_is_of_that_kernel \
	"$(apart modinfo -k "$release" -F vermagic mlocktrace | cut -d' ' -f1)" "$release"
check the_module_can_be_taken_away apart dkms uninstall "mlocktrace/$version" -k "$release"
check_equal it_is_taken_away "$(apart modinfo -k "$release" -n mlocktrace 2>/dev/null)" ""
check the_module_can_be_put_back apart dkms install "mlocktrace/$version" -k "$release"
check_equal it_is_there_again "$(module_status)" installed

check they_can_be_purged apart "${apt[@]}" purge "${packages[@]}"
check_equal nothing_is_left "$(left | diff "$scratch/before" -)" ""
check_equal nothing_of_our_name_is_left \
	"$(cd "$upper" && find . -name '*mlocktrace*' -not -type c -not -path '*/cache/*' -print -o -type d \
		-empty -path '*mlocktrace*' -print | grep -vF "$headers")" ""

ktap_end
