#!/usr/bin/env bash
# The only list of packages SONATA needs on Debian 12 (amd64, arm64). Installs what is missing, as root or through sudo.
#
#   deploy/install-deps.sh            build, test and cross
#   deploy/install-deps.sh build      only what building and running needs (also: test; cross: the arm64 worker; bench: the peers of the benchmarks,
#                                     only when asked for; networks: PyTorch, to compare the engine with, only when asked for)
#   deploy/install-deps.sh --list …   print the packages instead
set -euo pipefail

# shellcheck disable=SC2034 # the lists are used through a name reference
build=(
  gcc libc6-dev cmake ninja-build pkg-config
  libzmq3-dev libprotobuf-c-dev protobuf-c-compiler liblmdb-dev libuv1-dev   # messaging, wire format, store, loop
  libsodium-dev libyaml-dev libcjson-dev                                     # hashes and keys, YAML, JSON
  libxnnpack-dev libpthreadpool-dev libopenblas-dev                          # inference; training
  libzstd-dev zlib1g-dev libcmocka-dev
  libzip-dev                                                                 # PyTorch's files are zips
  libmicrohttpd-dev gzip                                                     # sonata-web: HTTP; its pages are packed when they are built
  dataset-fashion-mnist
  npm                                                                        # fetches ECharts for the HTML report (skipped when npm is there)
)
# shellcheck disable=SC2034
test=(
  python3
  python3-setuptools python3-wheel python3-pip mypy python3-pandas           # the Python package: its wheel, its types, fronts as data frames
  libonnx-testdata                                                           # ONNX's own tests of every operator
  clang lld qemu-system-arm                                                  # Cortex-M firmware without hardware
  zsh mandoc                                                                 # completion as zsh reads it; mistakes in manual pages
  chromium prometheus                                                        # sonata-web: pages in a browser (node and npm of the build fetch the rest), metrics and alert rules
  systemd python3-seccomp                                                    # the units: systemd-analyze, system call filters
)
# shellcheck disable=SC2034
cross=(
  gcc-aarch64-linux-gnu mmdebstrap debian-archive-keyring                    # compiler; headers and libraries of Debian arm64 in a folder
  qemu-user-static                                                           # runs the result here
)
# shellcheck disable=SC2034
bench=(
  python3 gzip
  redis-server beanstalkd                                                     # peers of the dispatch benchmark
)

# shellcheck disable=SC2034
networks=(
  python3-torch python3-torchvision python3-onnx                              # torchvision's networks as ONNX files (ctest -C long -L networks)
)

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; }

list=0
sections=()
for argument in "$@"; do
  case "$argument" in
    --list) list=1 ;;
    build|test|cross|bench|networks) sections+=("$argument") ;;
    -h|--help) usage; exit 0 ;;
    *) echo "install-deps.sh: unknown argument '$argument' (build, test, cross, bench, networks, --list)" >&2; exit 2 ;;
  esac
done
[ ${#sections[@]} -gt 0 ] || sections=(build test cross)

packages=()
for section in "${sections[@]}"; do
  declare -n part="$section"
  packages+=("${part[@]}")
done
if [ "$list" = 1 ]; then
  printf '%s\n' "${packages[@]}" | sort -u
  exit 0
fi
command -v apt-get >/dev/null || { echo "install-deps.sh: apt-get is not here; install by other means: ${packages[*]}" >&2; exit 1; }

missing=()
for package in "${packages[@]}"; do
  [ "$package" = npm ] && command -v npm >/dev/null && continue
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

sudo=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps.sh: run as root, or install sudo; missing: ${missing[*]}" >&2; exit 1; }
  sudo=(sudo)
fi
echo "installing: ${missing[*]}"
"${sudo[@]}" apt-get update -q
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
