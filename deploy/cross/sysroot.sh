#!/usr/bin/env bash
# A folder with the Debian 12 headers and libraries of another architecture, for cross-building the worker. Packages are unpacked, nothing of them
# is executed, and the build machine gets no foreign architecture (libxnnpack-dev:arm64 would replace its own libxnnpack-dev). apt checks every
# package against the archive's signature.
#
#   deploy/cross/sysroot.sh arm64|armhf      makes it unless it is there, prints its path
#   deploy/cross/sysroot.sh --path arm64     only prints where it is or would be
#
# Place: $SONATA_SYSROOTS/ARCH, by default ~/.cache/sonata/sysroots/ARCH. Source: $SONATA_MIRROR, by default http://deb.debian.org/debian.
# Made anew when the package list below changes; delete the folder to get newer packages.
set -euo pipefail
suite=bookworm
mirror=${SONATA_MIRROR:-http://deb.debian.org/debian}
keyring=${SONATA_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
packages=libc6-dev,libzmq3-dev,libprotobuf-c-dev,libuv1-dev,libsodium-dev,libyaml-dev,libcjson-dev,libxnnpack-dev,libpthreadpool-dev,libzstd-dev,zlib1g-dev,libcmocka-dev

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }
die() { echo "sysroot.sh: $*" >&2; exit 1; }

only_path=0
[ "${1:-}" != --path ] || { only_path=1; shift; }
case "${1:-}" in
  arm64) triplet=aarch64-linux-gnu ;;
  armhf) triplet=arm-linux-gnueabihf ;;
  -h|--help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
arch=$1
root=${SONATA_SYSROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/sonata/sysroots}
sysroot=$root/$arch
[ "$only_path" = 0 ] || { echo "$sysroot"; exit 0; }

mkdir -p "$root"
exec 9> "$root/.$arch.lock"
flock 9
made_of="3 $suite $packages"
if [ "$(cat "$sysroot/.sonata-packages" 2> /dev/null)" = "$made_of" ]; then
  echo "$sysroot"
  exit 0
fi
command -v mmdebstrap > /dev/null || die "mmdebstrap is missing (deploy/install-deps.sh cross)"
[ -r "$keyring" ] || die "$keyring is missing (Debian: debian-archive-keyring); the packages could not be verified"
mode=auto
[ "$(id -u)" != 0 ] || mode=root

part=$root/.$arch.part
rm -rf "$part"
trap 'rm -rf "$part"' EXIT
echo "unpacking Debian $suite $arch from $mirror" >&2
# What the packages say about their libraries (which package a soname means) is kept for deploy/package.sh.
# shellcheck disable=SC2016 # $1 is mmdebstrap's
keep='for deb in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb --ctrl-tarfile "$deb" |
  tar -xO ./shlibs >> "$1/.sonata-shlibs" 2> /dev/null || true; done'
mmdebstrap --quiet --mode=$mode --architectures="$arch" --variant=extract --include="$packages" --skip=check/qemu --extract-hook="$keep" \
  "$suite" "$part" "deb [signed-by=$keyring] $mirror $suite main" >&2 || die "mmdebstrap failed (above)"
[ -e "$part/usr/lib/$triplet/libc.so" ] || die "the unpacked tree has no C library for $triplet"
grep -q '^libzmq 5 ' "$part/.sonata-shlibs" || die "the packages' shlibs files were not kept"
# Links like libz.so -> /lib/…/libz.so.1 must not leave the tree.
find "$part/usr/lib" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do ln -sfr "$part$(readlink "$link")" "$link"; done
find "$part/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$part"/usr/share/{man,locale,info} "$part/var/cache" "$part/var/lib/apt"
echo "$made_of" > "$part/.sonata-packages"
rm -rf "$sysroot"
mv "$part" "$sysroot"
echo "$sysroot"
