# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The kernels that a virtual machine can boot, and the cache which holds them.
# Sourced by run, which provides die(), say(), need(), missing() and $scratch,
# and removes the folder $unfinished when it ends. Kernels that are built here
# are of built.sh.
#
# A cached kernel is one folder, $kernel_cache/NAME:
#   release            what uname -r prints
#   kernel             for QEMU to load
#   config             as packaged
#   lib/modules/       so that modprobe -d NAME works
#   initramfs-*.cpio   made by run, named after what it was made from

kernel_cache=${MLOCKTRACE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mlocktrace}/kernels
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# name, series, flavour, the suites that carry it; "built" is what built.sh is about
kernel_table='
5.10         5[.]10           amd64     bullseye-security bullseye
6.1          6[.]1            amd64     bookworm-security bookworm
6.12         6[.]12           amd64     bookworm-security
6.12-rt      6[.]12           rt-amd64  bookworm-security
6.18         6[.]18           amd64     trixie-backports
newest       [0-9]+[.][0-9]+  amd64     trixie-backports
debug-kasan  6[.]12           built     bookworm-security
debug-kcsan  6[.]12           built     bookworm-security
debug-rt     6[.]12           built     bookworm-security
'

# No test needs these, and they are the larger half of a kernel package.
unneeded_modules=(
	sound
	drivers/gpu drivers/media drivers/iio drivers/staging drivers/hwmon
	drivers/infiniband/hw drivers/net/ethernet drivers/net/wireless
	drivers/isdn drivers/bluetooth drivers/scsi drivers/mtd drivers/hid
	drivers/input drivers/comedi drivers/video
)

kernel_names()
{
	awk 'NF { print $1 }' <<<"$kernel_table"
}

# kernel_row NAME: sets series, flavour and suites
kernel_row()
{
	local name

	while read -r name series flavour suites; do
		[[ $name == "$1" ]] && return
	done <<<"$kernel_table"
	die "unknown kernel '$1' (known: $(kernel_names | paste -sd' '))"
}

kernel_dir()
{
	if is_built "$1"; then
		echo "$built_cache/${1#debug-}"
	else
		echo "$kernel_cache/$1"
	fi
}

kernel_is_cached()
{
	local dir

	dir=$(kernel_dir "$1")
	[[ -s $dir/release && -s $dir/kernel ]] || return
	! is_built "$1" || is_up_to_date "$1"
}

# lock_kernel shared|exclusive NAME: holds until this process and its QEMU end.
# A shared lock keeps a kernel in place while a machine uses its modules.
lock_kernel()
{
	local cache

	cache=$(dirname "$(kernel_dir "$2")")
	mkdir -p "$cache" || die "cannot create $cache"
	exec {kernel_lock}>"$cache/.$2.lock" || die "cannot write in $cache"
	flock --nonblock "--$1" "$kernel_lock" && return
	say "waiting for another run that uses or fetches kernel $2"
	flock "--$1" "$kernel_lock" || die "cannot lock $cache/.$2.lock"
}

unlock_kernel()
{
	exec {kernel_lock}>&-
}

# ensure_kernel NAME: has the kernel in the cache and a shared lock on it
ensure_kernel()
{
	lock_kernel shared "$1"
	kernel_is_cached "$1" && return
	unlock_kernel
	fetch_kernel "$1"
	lock_kernel shared "$1"
	kernel_is_cached "$1" || die "kernel $1 vanished from the cache"
}

# fetch_kernel NAME [refresh]
fetch_kernel()
{
	lock_kernel exclusive "$1"
	if ! kernel_is_cached "$1" || [[ ${2-} == refresh ]]; then
		if is_built "$1"; then
			build_kernel "$1" "${2-}"
		else
			download_kernel "$1"
		fi
	fi
	unlock_kernel
}

# archive_mirrors main|security: the mirrors this machine gets Debian from
archive_mirrors()
{
	# Asking apt, not its files, covers every format that they can have.
	# shellcheck disable=SC2016 # the fields are for apt to expand
	apt-get indextargets --no-release-info \
		--format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
		'Created-By: Packages' |
		awk -v want="$1" -v codename="$(. /etc/os-release
			echo "${VERSION_CODENAME-}")" '
		function add(kind, uri) {
			if (!seen[kind, uri]++)
				list[kind] = list[kind] uri "\n"
		}
		$2 != "main" { next }
		$1 ~ /(-security|\/updates)$/ { add("security", $3); next }
		{ sub(/-(updates|proposed-updates|backports)$/, "", $1) }
		$1 == codename || $1 ~ /^((old)*stable|testing|unstable|sid)$/ {
			add("main", $3)
			sub(/\/*$/, "-security/", $3)
			add("guess", $3)
		}
		END {
			if (!list["security"])
				list["security"] = list["guess"]
			printf "%s", list[want]
		}'
}

# write_apt_sources SUITE...
write_apt_sources()
{
	# Suites past their end of life stay signed but are no longer renewed.
	local options="signed-by=$debian_keyring check-valid-until=no"
	local suite kind uri

	options+=" arch=amd64 target=Packages lang=none"
	for suite; do
		kind=main
		[[ $suite == *-security ]] && kind=security
		while read -r uri; do
			echo "deb [$options] $uri $suite main"
		done < <(archive_mirrors "$kind")
	done >"$apt_state/sources.list"
	[[ -s $apt_state/sources.list ]] ||
		die "apt has no Debian archive configured on this machine"
}

# private_apt TOOL ARG...: apt with a state of its own, not the system's
private_apt()
{
	local tool=$1

	shift
	"$tool" -o APT::Sandbox::User=root -o APT::Get::List-Cleanup=false \
		-o Dir::Etc::sourcelist="$apt_state/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State="$apt_state/state" \
		-o Dir::State::status="$apt_state/status" \
		-o Dir::Cache="$apt_state/cache" "$@"
}

# prepare_apt SUITE...
prepare_apt()
{
	need apt-get dpkg
	[[ -r $debian_keyring ]] || missing "$debian_keyring"
	apt_state=$scratch/apt
	mkdir -p "$apt_state"/{state/lists/partial,cache/archives/partial}
	: >"$apt_state/status"
	write_apt_sources "$@"
	# One suite may be gone; the search for the package tells if it matters.
	private_apt apt-get -q update >"$apt_state/update.log" 2>&1 || true
}

# newest_image SERIES FLAVOUR: the package's name
newest_image()
{
	private_apt apt-cache dumpavail |
		awk -v name="^linux-image-$1[.][0-9][0-9a-z+~.]*(-[0-9]+)?-$2\$" '
		/^Package: / { package = $2 }
		/^Version: / && package ~ name { print $2, package }' |
		sort -V | awk 'END { print $2 }'
}

# image_parts IMAGE: the packages that hold IMAGE's files, itself included
image_parts()
{
	echo "$1"
	# The archive can have dropped one that it doesn't need: apt puts such a
	# name in angle brackets.
	private_apt apt-cache depends "$1" |
		awk '$1 == "Depends:" && $2 ~ /^linux-(base|binary|modules)-[0-9]/ {
			print $2 }'
}

# download_packages FOLDER PACKAGE...
download_packages()
{
	local folder=$1

	shift
	(
		cd "$folder" &&
			private_apt apt-get -q download "$@" >download.log 2>&1
	) || die "apt-get download $*: $(tail -n 3 "$folder/download.log")"
}

# unpack_packages FOLDER PACKAGE...
unpack_packages()
{
	local folder=$1 deb

	download_packages "$@"
	for deb in "$folder"/*.deb; do
		dpkg -x "$deb" "$folder/root" || die "cannot unpack $deb"
		rm "$deb"
	done
}

# image_field IMAGE OFFSET SIZE: a number from the boot protocol's header
image_field()
{
	od -An -t "u$3" -j "$2" -N "$3" "$1"
}

# unpack_image IMAGE: the kernel proper, if packed in a way that we know. QEMU
# starts that directly, which saves the guest some seconds of unpacking it.
unpack_image()
{
	local start length status

	start=$((($(image_field "$1" 0x1f1 1) + 1) * 512 +
		$(image_field "$1" 0x248 4)))
	# The unpacked size follows the packed data and counts as a part of it.
	length=$(($(image_field "$1" 0x24c 4) - 4))
	tail -c +$((start + 1)) "$1" | head -c "$length" >"$1.packed"
	xz -dc "$1.packed" 2>/dev/null || zstd -dcq "$1.packed" 2>/dev/null
	status=$?
	rm "$1.packed"
	return "$status"
}

# arrange_kernel FOLDER: makes what was unpacked a cached kernel
arrange_kernel()
{
	local folder=$1 root=$1/root modules release file

	# Where things are has changed over time, but not what they are called.
	modules=$(find "$root" -type d -path '*/lib/modules' | head -n 1)
	release=$(ls "$modules")
	[[ -n $release ]] || die "no modules in the kernel package"
	mkdir "$folder/lib"
	mv "$modules" "$folder/lib/modules" || die "cannot write in $folder"
	for file in vmlinuz config; do
		find "$root" "$folder/lib" -type f \
			\( -name "$file" -o -name "$file-$release" \) \
			-exec mv {} "$folder/$file" \;
		[[ -s $folder/$file ]] || die "no $file in the kernel package"
	done
	for file in "${unneeded_modules[@]}"; do
		rm -rf "${folder:?}/lib/modules/$release/kernel/$file"
	done
	unpack_image "$folder/vmlinuz" >"$folder/kernel" ||
		mv "$folder/vmlinuz" "$folder/kernel"
	rm -f "$folder/vmlinuz"
	depmod -b "$folder" "$release" || die "depmod failed for $release"
	find "$folder/lib" -name 'System.map*' -delete
	rm -rf "$root" "$folder/download.log"
	echo "$release" >"$folder/release"
}

# download_kernel NAME, with the exclusive lock held
download_kernel()
{
	local name=$1 series flavour suites image parts
	local new=$kernel_cache/.$1.new old=$kernel_cache/.$1.old

	need depmod xz zstd
	kernel_row "$name"
	say "looking for the newest kernel $name"
	read -ra suites <<<"$suites"
	prepare_apt "${suites[@]}"
	image=$(newest_image "$series" "$flavour")
	if [[ -z $image ]]; then
		cat "$apt_state/update.log" >&2
		kernel_is_cached "$name" || die "no kernel $name in ${suites[*]}"
		say "no kernel $name in ${suites[*]}: keeping the cached one"
		return
	fi
	if kernel_is_cached "$name" &&
		[[ $image == "linux-image-$(<"$kernel_cache/$name/release")" ]]
	then
		return
	fi
	mapfile -t parts < <(image_parts "$image")
	say "downloading ${parts[*]}"
	unfinished=$new
	rm -rf "$new" "$old"
	mkdir "$new" || die "cannot write in $kernel_cache"
	unpack_packages "$new" "${parts[@]}"
	arrange_kernel "$new"
	[[ -e $kernel_cache/$name ]] && mv "$kernel_cache/$name" "$old"
	mv "$new" "$kernel_cache/$name"
	rm -rf "$old"
}
