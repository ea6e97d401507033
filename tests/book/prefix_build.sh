#!/usr/bin/env bash
# prefix_build.sh N...: builds and tests the book as if the chapters after N were not written yet, in a copy of the tree.
# Several N, the largest first, share one copy and its build; so the second takes seconds.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

(cd "$root" && git ls-files -co --exclude-standard -z -- CMakeLists.txt common chapters tests |
  tar -c --null --files-from=- --ignore-failed-read) | tar -x -C "$copy"
# These look at the whole book or at its last program; the exercises have a gate of their own.
rm -rf "$copy"/tests/{book,end_to_end,oracle,benchmarks,exercises}

# This proves that the parts fit together, and need not be fast: -O1. But with ccache the build in build/release has
# compiled the same files before, from a folder of the same depth.
options=(-DCMAKE_BUILD_TYPE=Release)
if [[ -v CCACHE_BASEDIR ]]; then export CCACHE_BASEDIR=$copy; else options+=(-DCMAKE_CXX_FLAGS_RELEASE=-O1); fi

for last in "$@"; do
  for folder in "$copy"/chapters/[0-9][0-9]_* "$copy"/tests/chapters/[0-9][0-9]_*; do
    name=$(basename "$folder")
    [[ ! -d $folder ]] || ((10#${name%%_*} <= last)) || rm -rf "$folder"
  done
  echo "== chapters 1 to $last alone: $(cd "$copy/chapters" && echo *)"
  cmake -S "$copy" -B "$copy/build/release" -G Ninja "${options[@]}" >"$copy/log" || { cat "$copy/log"; exit 1; }
  cmake --build "$copy/build/release"
  ctest --test-dir "$copy/build/release" --output-on-failure --no-tests=error -j "$(nproc)"
done
