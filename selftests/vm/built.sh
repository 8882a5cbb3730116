# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Kernels that no package has: they watch themselves, and are built from Debian's
# source package as selftests/debug-kernel/*.config say. Sourced by run.
#
# $built_cache/source      the source package, unpacked; source.version is its version
# $built_cache/KIND        of debug-KIND: as of a cached kernel, and
#                  objects   where it was built, and modules for it are built against
#                  made-of   what it was built from, written last

built_cache=$checkout/build/debug-kernel
fragments=$checkout/selftests/debug-kernel

is_built()
{
	[[ $1 == debug-* ]]
}

objects_of()
{
	echo "$(kernel_dir "$1")/objects"
}

fragments_of()
{
	cat "$fragments/base.config" "$fragments/${1#debug-}.config"
}

# ingredients_of NAME: if these change, it is built again. Objects know where they are.
ingredients_of()
{
	cat "$built_cache/source.version" && echo "$checkout" && fragments_of "$1"
}

is_up_to_date()
{
	ingredients_of "$1" 2>/dev/null | cmp -s - "$(kernel_dir "$1")/made-of"
}

# fetch_source PACKAGE: has the newest one that the archive has, or the one that is there
fetch_source()
{
	local new=$built_cache/.source.new version deb

	version=$(private_apt apt-cache show --no-all-versions "$1" 2>/dev/null |
		sed -n 's/^Version: //p')
	if [[ -z $version ]]; then
		cat "$apt_state/update.log" >&2
		[[ -s $built_cache/source.version ]] || die "no package $1 in the archive"
		say "no package $1 in the archive: keeping the source that is there"
		return
	fi
	[[ $version != "$(cat "$built_cache/source.version" 2>/dev/null)" ]] || return 0
	say "downloading $1 $version"
	unfinished=$new
	rm -rf "$new"
	mkdir "$new" || die "cannot write in $built_cache"
	download_packages "$new" "$1"
	deb=$(echo "$new"/*.deb)
	mkdir "$new/source"
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$1.tar.xz" |
		tar -xJ --strip-components=1 -C "$new/source" || die "cannot unpack $deb"
	rm -rf "$built_cache/source" "$built_cache/source.version"
	mv "$new/source" "$built_cache/source" || die "cannot write in $built_cache"
	echo "$version" >"$built_cache/source.version"
	rm -rf "$new"
}

# make_kernel NAME ARG...: the make that called us must not tell this one what to do
make_kernel()
{
	local objects

	objects=$(objects_of "$1")
	shift
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		make -C "$built_cache/source" O="$objects" "$@"
}

# configure_kernel NAME: what is asked for must be there, and nothing else
configure_kernel()
{
	local wanted=$scratch/wanted.config config lost

	config=$(objects_of "$1")/.config
	fragments_of "$1" >"$wanted"
	make_kernel "$1" -s KCONFIG_ALLCONFIG="$wanted" allnoconfig >"$scratch/config.log" 2>&1 ||
		die "cannot configure $1: $(tail -n 5 "$scratch/config.log")"
	lost=$(grep -E '^(# )?CONFIG_' "$wanted" | grep -vxFf "$config")
	[[ -z $lost ]] || die "$1 would lack: $(paste -sd' ' <<<"$lost")"
}

# install_kernel NAME: from its objects to where run looks for it
install_kernel()
{
	local dir objects

	dir=$(kernel_dir "$1")
	objects=$dir/objects
	rm -rf "${dir:?}/lib"
	make_kernel "$1" -s INSTALL_MOD_PATH="$dir" modules_install >"$dir/build.log" 2>&1 ||
		die "cannot install the modules of $1: $(tail -n 5 "$dir/build.log")"
	if ! cp "$objects/arch/x86/boot/bzImage" "$dir/kernel" ||
		! cp "$objects/.config" "$dir/config" ||
		! cp "$objects/include/config/kernel.release" "$dir/release"; then
		die "cannot write in $dir"
	fi
}

# build_kernel NAME [refresh], with the exclusive lock held
build_kernel()
{
	local name=$1 dir series flavour suites package

	need bc bison flex make gcc pahole depmod perl xz
	dir=$(kernel_dir "$name")
	mkdir -p "$dir/objects" || die "cannot create $dir"
	# One after the other: they share the source, and each takes all processors.
	lock_extra debug-kernels
	if [[ ${2-} == refresh || ! -s $built_cache/source.version ]]; then
		kernel_row "$name"
		package=linux-source-${series//[][]/}
		prepare_apt_for "$name"
		fetch_source "$package"
	fi
	if ! is_up_to_date "$name"; then
		rm -f "$dir/made-of"
		configure_kernel "$name"
		say "building kernel $name: minutes, on few processors an hour ($dir/build.log)"
		make_kernel "$name" -j "$(nproc)" >"$dir/build.log" 2>&1 ||
			die "cannot build kernel $name: $(tail -n 20 "$dir/build.log")"
		install_kernel "$name"
		ingredients_of "$name" >"$dir/made-of"
	fi
	unlock_extra
}
