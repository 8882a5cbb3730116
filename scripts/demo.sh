#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Trace memcached -k, which locks all its memory with mlockall(2): as root, who
# may, and as an unprivileged user under a small limit, who may not. Ends by
# itself in a few seconds and listens on no network.
set -eu

mlocktrace=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"

mkdir -m 777 "$folder/any"

# One second is enough: the call comes first thing. 124 is timeout's own status.
traced()
{
	printf '\n$ mlocktrace -f --'
	printf ' %s' "$@"
	printf '\n'
	"$mlocktrace" -f -o "$folder/trace" -- \
		timeout 1 "$@" 2>"$folder/notes" || [ $? = 124 ]
	cat "$folder/trace" "$folder/notes"
}

if [ "$(id -u)" != 0 ]; then
	echo "make demo traces with eBPF and so needs root: sudo make demo" >&2
	exit 1
fi
echo "== memcached -k as root, who has CAP_IPC_LOCK: the lock is granted,
   and MCL_FUTURE locks all that it maps later: the sum is what it held at its end"
traced memcached -k -m 8 -u root -s "$folder/any/root.sock"
echo
echo "== memcached -k as nobody, under a limit of 64K: the lock is refused, and this is why"
traced prlimit --memlock=65536:65536 setpriv --reuid=65534 --regid=65534 --clear-groups \
	memcached -k -m 8 -s "$folder/any/nobody.sock"
echo
echo "== what the cause means"
"$mlocktrace" explain over_limit
