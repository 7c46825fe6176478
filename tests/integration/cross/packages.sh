#!/usr/bin/env bash
# The packages of an architecture: fields, contents, dependencies as the libraries themselves say, configuration files; the worker taken out of them runs.
# The tarball runs beside nothing but the C and C++ libraries. packages.sh SOURCE_FOLDER BUILD_FOLDER ARCH
set -u
source=${1:?} build=${2:?} arch=${3:?}
. "$(dirname "$0")/common.sh"
command -v dpkg-deb > /dev/null || skip "dpkg-deb is not here"
native=$(dpkg --print-architecture)
run=() sysroot=/ triplet=x86_64-linux-gnu
if [ "$arch" != "$native" ]; then
  need_cross "$build/bin/sonata-worker"
  run=("$source/deploy/cross/run.sh" "$arch")
  sysroot=$("$source/deploy/cross/sysroot.sh" --path "$arch")
fi
[ "$arch" != arm64 ] || triplet=aarch64-linux-gnu
enter_work packages

"$source/deploy/package.sh" --build "$build" --out . "$arch" || fail "package.sh"
deb=$(echo sonata-worker_*_"$arch".deb) tarball=$(echo sonata-worker-*-"$arch".tar.gz)

# Fields and contents.
[ "$(dpkg-deb -f "$deb" Package Architecture)" = "Package: sonata-worker
Architecture: $arch" ] || fail "fields: $(dpkg-deb -f "$deb")"
depends=$(dpkg-deb -f "$deb" Depends)
for library in libc6 libcjson1 libprotobuf-c1 libsodium23 libuv1 libxnnpack0 libyaml-0-2 libzmq5 libzstd1 zlib1g; do
  [[ ", $depends," =~ ", $library"(" "|",") ]] || fail "no dependency on $library: $depends"
done
[[ ! $depends =~ lmdb|openblas ]] || fail "the worker needs neither LMDB nor BLAS: $depends"
[ "$(dpkg-deb -I "$deb" conffiles)" = /etc/sonata/worker.yaml ] || fail "conffiles: $(dpkg-deb -I "$deb" conffiles)"
dpkg-deb -c "$deb" > contents
for file in usr/bin/sonata-worker etc/sonata/worker.yaml lib/systemd/system/sonata-worker.service lib/sysusers.d/sonata.conf usr/share/man/man1/sonata-worker.1.gz \
  usr/share/sonata/spaces/fmnist-mbconv.yaml usr/share/sonata/examples/evaluators/evaluate.sh usr/share/doc/sonata-worker/copyright; do
  grep -qE " \./(usr/)?$file\$" contents || fail "$file is not in $deb"
done
awk '$2 != "root/root" { print; bad = 1 } END { exit bad }' contents || fail "owners"
dpkg-deb -e "$deb" control
for script in postinst prerm postrm; do sh -n "control/$script" && [ -x "control/$script" ] || fail "$script"; done
if [ "$arch" = "$native" ] && command -v dpkg-shlibdeps > /dev/null; then # Debian's own tool names the same packages
  mkdir -p debian && echo "Source: sonata" > debian/control
  dpkg-shlibdeps -O "$build/bin/sonata-worker" 2> /dev/null | sed 's/.*Depends=//' | tr ',' '\n' | awk '{ print $1 }' | sort -u > theirs
  tr ',' '\n' <<< "$depends" | awk '{ print $1 }' | sort -u > ours
  cmp theirs ours || fail "dpkg-shlibdeps: $(diff theirs ours)"
fi

# As installed. The configurations that docs/BOARDS.md shows are taken, too; cores of those boards are not this machine's.
dpkg-deb -x "$deb" root
awk '/^```yaml/ { n++; inside = 1; next } /^```/ { inside = 0 } inside && !/^ *core:/ { print > ("board" n ".yaml") }' "$source/docs/BOARDS.md"
[ -s board5.yaml ] || fail "docs/BOARDS.md shows fewer configurations than there are boards"
works() { # works PROGRAM: says its version, probes this host into a configuration it takes
  local out
  out=$(env -u SONATA_SHARE "$@" --version) || fail "$* --version"
  [[ $out == "sonata-worker "* ]] || fail "--version says $out"
  "$@" --probe > worker.yaml 2> probe.log || fail "--probe: $(cat probe.log)"
  "$@" --config worker.yaml --check-config || fail "the probe's worker.yaml is refused: $(cat worker.yaml)"
  "$@" --config root/etc/sonata/worker.yaml --check-config || fail "the installed worker.yaml is refused"
  for file in board*.yaml; do "$@" --config "$file" --check-config --name x > check.log 2>&1 || fail "docs/BOARDS.md: $(cat check.log "$file")"; done
}
works "${run[@]}" "$PWD/root/usr/bin/sonata-worker"
exec_start=$(sed -n 's/^ExecStart=//p' root/usr/lib/systemd/system/sonata-worker.service)
[ -x "root${exec_start%% *}" ] && [[ $exec_start == *" /etc/sonata/worker.yaml"* ]] || fail "ExecStart=$exec_start"

# The tarball: every library is inside or the system's C or C++ library; it runs where there is nothing else.
tar xzf "$tarball"
tree=$work/$(basename "$tarball" .tar.gz)
grep -q 'glibc 2\.[0-9]' "$tree/README" || fail "README does not say which C library is needed"
[ "$(find "$tree/share/doc/licenses" -type f | wc -l)" -ge 10 ] || fail "licences are missing"
bare=$work/bare/lib/$triplet
mkdir -p "$bare" "$work/bare/tmp"
for library in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libgcc_s.so.1 libstdc++.so.6; do
  cp -L "$sysroot/usr/lib/$triplet/$library" "$bare/" 2> /dev/null || cp -L "$sysroot/lib/$triplet/$library" "$bare/" || fail "no $library"
done
if [ "$arch" = "$native" ]; then # a loader that looks into this folder only
  loader=$(readelf -l "$tree/bin/sonata-worker" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
  "$loader" --inhibit-cache --list "$tree/bin/sonata-worker" > loaded || fail "loader"
  grep '=> /' loaded | grep -vE "=> $tree/|lib(c|m|dl|pthread|rt|resolv|gcc_s|stdc\+\+)\.so" && fail "libraries from elsewhere: $(cat loaded)"
  works "$tree/bin/sonata-worker"
else
  cp -L "$sysroot"/lib/ld-linux-* "$work/bare/lib/"
  works env QEMU_CPU=cortex-a72 qemu-aarch64-static -L "$work/bare" "$tree/bin/sonata-worker"
fi

# Master and client, for this machine's own kind.
if [ "$arch" = "$native" ]; then
  server=$(echo sonata_*_"$arch".deb)
  [[ $(dpkg-deb -f "$server" Depends) =~ "sonata-worker (= "[0-9.]+")".*liblmdb0.*libopenblas0 ]] || fail "Depends of $server: $(dpkg-deb -f "$server" Depends)"
  dpkg-deb -x "$server" root # beside the worker, as apt would
  dpkg-deb -c "$server" | grep -v '/$' | awk '{ print $6 }' | sort > files
  grep -v '/$' contents | awk '{ print $6 }' | sort | comm -12 - files > both
  [ ! -s both ] || fail "both packages have $(cat both)"
  python=$(echo python3-sonata_*_all.deb)
  [[ $(dpkg-deb -f "$python" Package Architecture Depends) = *all*"python3 (>= 3.9)"* ]] || fail "fields: $(dpkg-deb -f "$python")"
  dpkg-deb -x "$python" root
  [ -f root/usr/lib/python3/dist-packages/sonata/py.typed ] || fail "python3-sonata is not marked as typed"
  (cd / && PYTHONPATH=$work/root/usr/lib/python3/dist-packages /usr/bin/python3 -m sonata --help > /dev/null) || fail "python3 -m sonata of the package"
  for program in sonata sonata-bench sonata-master sonata-supernet; do "root/usr/bin/$program" --version > /dev/null || fail "$program"; done
  mkdir search && (cd search && ../root/usr/bin/sonata init > /dev/null && ../root/usr/bin/sonata check search.yaml) || fail "sonata init && sonata check"
  # The five minutes of docs/BOARDS.md: a key, the probe's configuration, a board that the master lists.
  PATH=$work/root/usr/bin:$PATH
  sonata-master --state master --worker-endpoint tcp://127.0.0.1:0 --client-endpoint tcp://127.0.0.1:0 > master.log 2>&1 & pids+=($!)
  for _ in $(seq 100); do [ -s master/endpoints ] && break; sleep 0.1; done
  [ -s master/endpoints ] || fail "the master does not start: $(cat master.log)"
  mapfile -t endpoints < <(grep -o 'tcp://[^ ]*' master/endpoints)
  export SONATA_SERVER=${endpoints[1]} SONATA_KEY=$work/master/admin.key
  sonata keys new pi-1 --role worker > /dev/null || fail "keys new"
  sonata-worker --probe | sed "s,^master: .*,master: ${endpoints[0]}," > worker.yaml
  echo "key: $work/pi-1.key" >> worker.yaml
  sonata-worker --config worker.yaml --check-config || fail "worker.yaml with a key: $(cat worker.yaml)"
  sonata-worker --config worker.yaml --state state > worker.log 2>&1 & pids+=($!)
  for _ in $(seq 150); do sonata boards 2> /dev/null | grep 'engine' | grep -qE 'calibrating|ready' && break; sleep 0.2; done
  sonata boards | grep 'engine' | grep -qE 'calibrating|ready' || fail "the board is not listed: $(sonata boards; tail -n 4 worker.log)"
fi
echo "$deb: $depends"
