#!/usr/bin/env bash
# Makes packages: sonata-worker_VERSION_ARCH.deb and sonata-worker-VERSION-ARCH.tar.gz, and, for this machine's own architecture, sonata_VERSION_ARCH.deb with
# master, client and trainer, and python3-sonata_VERSION_all.deb.
#
#   deploy/package.sh [--build FOLDER] [--out FOLDER] [ARCH]
#
# ARCH: default this machine's; arm64 and armhf are cross-built (deploy/cross). FOLDER of --build: take the programs from there instead of building.
# Output: --out, default build/packages. The .deb is for Debian 12 and names its libraries as dependencies; the tarball brings them along and needs
# only the C and C++ libraries, so it is for other systems (a Jetson's Ubuntu, say).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$(dirname "$here")
die() { echo "package.sh: $*" >&2; exit 1; }

build='' out=$source/build/packages arch='' native=$(dpkg --print-architecture)
while [ $# -gt 0 ]; do
  case "$1" in
    --build) build=$(cd "${2:?--build FOLDER}" && pwd); shift 2 ;;
    --out) out=${2:?--out FOLDER}; shift 2 ;;
    -h|--help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) die "unknown option '$1' (--build, --out)" ;;
    *) arch=$1; shift ;;
  esac
done
arch=${arch:-$native}
case "$arch" in
  amd64) triplet=x86_64-linux-gnu ;;
  arm64) triplet=aarch64-linux-gnu ;;
  armhf) triplet=arm-linux-gnueabihf ;;
  *) die "architecture '$arch' is not one of amd64, arm64, armhf" ;;
esac

# 1. Programs.
packages=(sonata-worker)
if [ "$arch" = "$native" ]; then
  sysroot=/
  packages+=(sonata)
  if [ -z "$build" ]; then
    build=$source/build/release
    (cd "$source" && cmake --preset release > /dev/null)
    ninja -C "$build" sonata sonata-bench sonata-master sonata-web sonata-worker sonata-supernet sonata_manuals
  fi
else
  sysroot=$("$here/cross/sysroot.sh" "$arch")
  if [ -z "$build" ]; then
    build=$source/build/$arch
    "$here/cross/build.sh" "$arch" "$build" sonata-worker sonata_manuals
  fi
fi
emulator=()
[ "$arch" = "$native" ] || emulator=("$here/cross/run.sh" "$arch")
version=$("${emulator[@]}" "$build/bin/sonata-worker" --version | cut -d' ' -f2)
[ -n "$version" ] || die "$build/bin/sonata-worker does not run"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$out"
out=$(cd "$out" && pwd)

needed() { # needed FILE…: sonames
  local file
  for file in "$@"; do readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; done | sort -u
}

if [ "$sysroot" = / ]; then
  mapfile -t shlibs < <(find /var/lib/dpkg/info -name '*.shlibs' ! -name '*-cross.shlibs')
else
  shlibs=("$sysroot/.sonata-shlibs")
fi

# The package that holds library SONAME and the version it must have, from the archive's own shlibs files: "libzmq5 (>= 4.3.4)".
dependency_of() {
  local name version_
  case "$1" in
    *.so.*) name=${1%%.so.*} version_=${1#*.so.} ;;
    *) name=${1%-*.so} version_=${1##*-} version_=${version_%.so} ;;
  esac
  awk -v n="$name" -v v="$version_" '$1 == n && $2 == v { sub(/^[^ ]+ [^ ]+ /, ""); print; found = 1; exit } END { exit !found }' "${shlibs[@]}" ||
    die "no package is known for $1"
}

dependencies() { # dependencies FILE…: of a Depends line
  local soname
  for soname in $(needed "$@"); do dependency_of "$soname"; done | sort -u | paste -sd, | sed 's/,/, /g'
}

# 2. Debian packages.
description() {
  case "$1" in
    sonata-worker) echo 'Recommends: dataset-fashion-mnist
Suggests: python3-sonata
Description: measures neural networks on the boards of this host
 The worker of SONATA, hardware-in-the-loop multi-objective architecture search. It
 builds the candidate networks a master sends it, runs them on this host, on its
 microcontrollers or through external tools, and reports accuracy, latency and energy.' ;;
    sonata) echo 'Recommends: dataset-fashion-mnist
Description: finds neural networks for edge boards by measuring on them
 Master, web pages, command-line client and supernet trainer of SONATA, hardware-in-the-loop
 multi-objective architecture search.' ;;
  esac
}

make_deb() { # make_deb PACKAGE COMPONENT
  local package=$1 root=$stage/$1 programs depends script
  DESTDIR=$root cmake --install "$build" --prefix /usr --component "$2" --strip > /dev/null
  find "$root/usr/share/man" -type f -exec gzip -9n {} +
  install -Dm644 "$source/LICENSE" "$root/usr/share/doc/$package/copyright"
  mkdir -p "$root/DEBIAN"
  mapfile -t programs < <(find "$root/usr/bin" -type f)
  depends=$(dependencies "${programs[@]}")
  if [ "$package" = sonata-worker ]; then
    install -Dm644 "$here/examples/worker.yaml" "$root/etc/sonata/worker.yaml"
    echo /etc/sonata/worker.yaml > "$root/DEBIAN/conffiles"
  else
    depends="sonata-worker (= $version), $depends"
  fi
  { echo "Package: $package"
    echo "Version: $version"
    echo "Architecture: $arch"
    echo "Maintainer: ${DEBFULLNAME:-SONATA authors} <${DEBEMAIL:-sonata@localhost}>"
    echo "Installed-Size: $(du -k -s "$root" | cut -f1)"
    echo "Depends: $depends"
    echo "Section: science"
    echo "Priority: optional"
    description "$package"; } > "$root/DEBIAN/control"
  for script in postinst prerm postrm; do install -m755 "$here/packages/$package.$script" "$root/DEBIAN/$script"; done
  (cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) > "$root/DEBIAN/md5sums"
  dpkg-deb --root-owner-group --build "$root" "$out/${package}_${version}_$arch.deb" > /dev/null
  echo "$out/${package}_${version}_$arch.deb"
}

# The Python package: the same for every architecture, standard library only.
make_python_deb() {
  local root=$stage/python3-sonata module=$stage/python3-sonata/usr/lib/python3/dist-packages/sonata deb=$out/python3-sonata_${version}_all.deb
  mkdir -p "$module" "$root/DEBIAN"
  install -m644 "$here"/python/sonata/*.py "$here/python/sonata/py.typed" "$module/"
  install -Dm644 "$source/LICENSE" "$root/usr/share/doc/python3-sonata/copyright"
  { echo 'Package: python3-sonata'
    echo "Version: $version"
    echo 'Architecture: all'
    echo "Maintainer: ${DEBFULLNAME:-SONATA authors} <${DEBEMAIL:-sonata@localhost}>"
    echo "Installed-Size: $(du -k -s "$root" | cut -f1)"
    echo 'Depends: python3 (>= 3.9)'
    echo 'Section: python'
    echo 'Priority: optional'
    echo 'Description: evaluators and a client of SONATA in Python
 A class that builds and judges neural networks becomes a board of a SONATA worker; programs
 submit searches and read their results. Standard library only.'; } > "$root/DEBIAN/control"
  (cd "$root" && find usr -type f -printf '%p\0' | sort -z | xargs -0 md5sum) > "$root/DEBIAN/md5sums"
  dpkg-deb --root-owner-group --build "$root" "$deb" > /dev/null
  echo "$deb"
}

# 3. Tarball: what the .deb holds, plus its libraries.
find_library() { # find_library SONAME: its file
  local folder
  for folder in usr/lib lib; do
    [ -e "$sysroot/$folder/$triplet/$1" ] && { readlink -f "$sysroot/$folder/$triplet/$1"; return; }
  done
  die "library $1 is not in $sysroot"
}

# The C and C++ libraries are every system's own: newer ones than the rest needs would make the tarball run on fewer.
of_every_system() { # of_every_system SONAME
  case "$(dependency_of "$1")" in libc6*|libgcc-s1*|libstdc++6*) ;; *) return 1 ;; esac
}

newest() { # newest PREFIX FILE…: the newest symbol version that is asked for
  readelf -V "${@:2}" | grep -oE "${1}_[0-9.]+" | sort -uV | tail -n 1 | cut -d_ -f2
}

bundle() { # bundle TREE: libraries and their licences, with all they need
  local tree=$1 todo soname dependency
  mkdir -p "$tree/lib/sonata"
  todo=$(needed "$tree/bin/sonata-worker")
  while [ -n "$todo" ]; do
    for soname in $todo; do
      ! of_every_system "$soname" && [ ! -e "$tree/lib/sonata/$soname" ] || continue
      dependency=$(dependency_of "$soname")
      install -m644 "$(find_library "$soname")" "$tree/lib/sonata/$soname"
      install -Dm644 "$sysroot/usr/share/doc/${dependency%% *}/copyright" "$tree/share/doc/licenses/${dependency%% *}"
    done
    todo=$(for soname in $(needed "$tree"/lib/sonata/*); do
      [ -e "$tree/lib/sonata/$soname" ] || of_every_system "$soname" || echo "$soname"
    done)
  done
}

make_tarball() {
  local name=sonata-worker-$version-$arch tree=$stage/sonata-worker-$version-$arch glibc glibcxx
  cp -r "$stage/sonata-worker/usr" "$tree"
  cp -r "$stage/sonata-worker/etc" "$tree/etc"
  bundle "$tree"
  glibc=$(newest GLIBC "$tree/bin/sonata-worker" "$tree"/lib/sonata/*)
  glibcxx=$(newest GLIBCXX "$tree"/lib/sonata/*)
  sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@GLIBC@/$glibc/; s/@GLIBCXX@/$glibcxx/" "$here/packages/README.tarball" > "$tree/README"
  tar -C "$stage" --owner=0 --group=0 --numeric-owner --sort=name -czf "$out/$name.tar.gz" "$name"
  echo "$out/$name.tar.gz"
}

make_deb sonata-worker worker
make_tarball
if [ ${#packages[@]} != 1 ]; then
  make_deb sonata sonata
  make_python_deb
fi
