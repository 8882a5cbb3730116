# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What it takes to build a module for the kernels of kernels.sh, in the same
# cache and as little installed: their headers, and the kernel's own scripts that
# no package of headers has. Sourced by run.
#
# $kernel_cache/NAME/headers     the packages of headers, unpacked. They go with
#                                the kernel when a newer one replaces it.
# $kernel_cache/source-scripts   checkpatch.pl and what it reads

headers_of()
{
	if is_built "$1"; then
		objects_of "$1"
	else
		echo "$(kernel_dir "$1")/headers/usr/src/linux-headers-$(<"$(kernel_dir "$1")/release")"
	fi
}

headers_are_cached()
{
	[[ -e $(headers_of "$1")/Makefile ]]
}

prepare_apt_for()
{
	local series flavour suites list

	kernel_row "$1"
	read -ra list <<<"$suites"
	prepare_apt "${list[@]}"
}

# header_parts PACKAGE: the packages that hold PACKAGE's files. The kernel that
# newer ones depend on is not among them, nor is a compiler.
header_parts()
{
	echo "$1"
	private_apt apt-cache depends "$1" |
		awk '$1 == "Depends:" && $2 ~ /^linux-(headers-.*-common(-rt)?|kbuild-.*)$/ { print $2 }'
}

# lock_extra NAME: for what is added to the cache beside a kernel in use
lock_extra()
{
	mkdir -p "$kernel_cache" || die "cannot create $kernel_cache"
	exec {extra_lock}>"$kernel_cache/.$1.lock" || die "cannot write in $kernel_cache"
	flock "$extra_lock" || die "cannot lock $kernel_cache/.$1.lock"
}

unlock_extra()
{
	exec {extra_lock}>&-
}

# The one absolute path in them would be that of an installed package.
relocate_headers()
{
	local common

	common=$(sed -nE 's|^include /usr/src/(linux-headers-[^/]*)/Makefile$|\1|p' "$1/Makefile")
	[[ -e $1/../$common/Makefile ]] || die "cannot relocate $1"
	# shellcheck disable=SC2016 # for make to expand
	printf 'include $(dir $(realpath $(lastword $(MAKEFILE_LIST))))../%s/Makefile\n' "$common" \
		>"$1/Makefile" || die "cannot write $1/Makefile"
}

# download_headers NAME: of the very release that is cached; 1 if the archive has moved on
download_headers()
{
	local dir release new parts

	dir=$(kernel_dir "$1")
	release=$(<"$dir/release")
	new=$dir/.headers.new
	prepare_apt_for "$1"
	private_apt apt-cache show "linux-headers-$release" >/dev/null 2>&1 || return
	mapfile -t parts < <(header_parts "linux-headers-$release")
	say "downloading ${parts[*]}"
	unfinished=$new
	rm -rf "$new"
	mkdir "$new" || die "cannot write in $dir"
	unpack_packages "$new" "${parts[@]}"
	relocate_headers "$new/root/usr/src/linux-headers-$release"
	rm -rf "$dir/headers"
	mv "$new/root" "$dir/headers" || die "cannot write in $dir"
	rm -rf "$new"
}

# ensure_headers NAME: has the kernel and its headers in the cache, and a shared
# lock on it
ensure_headers()
{
	local try

	for try in first second; do
		ensure_kernel "$1"
		lock_extra "$1-headers"
		if headers_are_cached "$1" || download_headers "$1"; then
			unlock_extra
			return
		fi
		unlock_extra
		[[ $try == first ]] || break
		say "the archive has no headers for $(<"$(kernel_dir "$1")/release") any more"
		unlock_kernel
		fetch_kernel "$1" refresh
	done
	cat "$apt_state/update.log" >&2
	die "no headers for $(<"$(kernel_dir "$1")/release")"
}

# They are in the source package only: 150 MB for a few files, once.
wanted_scripts=(checkpatch.pl spelling.txt const_structs.checkpatch)

scripts_dir()
{
	echo "$kernel_cache/source-scripts"
}

scripts_are_cached()
{
	[[ -s $(scripts_dir)/checkpatch.pl ]]
}

download_scripts()
{
	local new deb script files=()

	new=$kernel_cache/.source-scripts.new
	prepare_apt_for 6.12
	unfinished=$new
	rm -rf "$new"
	mkdir "$new" || die "cannot write in $kernel_cache"
	say "downloading linux-source-6.12 for its scripts"
	download_packages "$new" linux-source-6.12
	deb=$(echo "$new"/*.deb)
	for script in "${wanted_scripts[@]}"; do
		files+=("linux-source-6.12/scripts/$script")
	done
	# tar ends at the last of them and does not read on: what feeds it then dies.
	dpkg-deb --fsys-tarfile "$deb" 2>"$new/tar.log" | tar -xO ./usr/src/linux-source-6.12.tar.xz |
		tar -xJ --occurrence=1 --strip-components=2 -C "$new" "${files[@]}" 2>>"$new/tar.log"
	for script in "${wanted_scripts[@]}"; do
		[[ -s $new/$script ]] || die "no $script in $deb: $(tail -n 3 "$new/tar.log")"
	done
	rm -f "$deb" "$new"/*.log
	rm -rf "$(scripts_dir)"
	mv "$new" "$(scripts_dir)" || die "cannot write in $kernel_cache"
}

ensure_scripts()
{
	lock_extra source-scripts
	scripts_are_cached || download_scripts
	unlock_extra
}
