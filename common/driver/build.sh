# shellcheck shell=bash disable=SC2154
# Part of ./book: configuring and building in build/release, quietly. What there is to say goes to stderr, and only when
# something is built; stdout belongs to the program that runs afterwards.

cores() {                       # processors this process may use; a container's limit counts
  local n quota period
  n=$(OMP_NUM_THREADS='' nproc)
  if read -r quota period 2>/dev/null </sys/fs/cgroup/cpu.max && [[ $quota != max ]]; then
    quota=$(((quota + period - 1) / period))
    ((quota >= n)) || n=$quota
  fi
  echo "$n"
}

columns() {                     # columns DESCRIPTOR: the width of that terminal
  local size
  size=$(stty size <&"$1" 2>/dev/null) || size='0 0'
  if ((${size#* })); then echo "${size#* }"; else echo 80; fi
}

# Was build/release configured, and here? (A tree copied from elsewhere starts afresh.)
is_configured() { [[ -f $build/build.ninja ]] && grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"; }

configure() {                   # configure [-DNAME=VALUE ...]
  local log=$root/build/configure.log
  mkdir -p "$root/build"
  is_configured || set -- --fresh "$@"
  (cd "$root" && cmake --preset release "$@") >"$log" 2>&1 </dev/null ||
    { sed -n '/CMake Error/,$p' "$log" >&2; say "could not configure; all of it is in $log"; exit 1; }
}

build() {                       # build TARGET...
  local kilobytes jobs line started=
  kilobytes=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
  jobs=$((kilobytes / 1500000))                       # a compiler may take 1.5 GB
  ((jobs <= $(cores))) || jobs=$(cores)
  ((jobs >= 1)) || jobs=1
  # flock: two commands at once build one after the other.
  flock "$root/build" cmake --build "$build" --target "$@" -- -j "$jobs" 2>&1 </dev/null | while IFS= read -r line; do
    case $line in
      '[0/'* | *'no work to do.') ;;
      '['*/*']'*)                                     # one step done
        [[ -n $started ]] || { started=1; say "building $* (the first time takes minutes)"; }
        [[ ! -t 2 ]] || printf '\r\e[K%.*s' "$(columns 2)" "$line" >&2 ;;
      *) [[ ! -t 2 ]] || printf '\r\e[K' >&2; printf '%s\n' "$line" >&2 ;;
    esac
  done || { say "the build failed"; exit 1; }
  [[ ! -t 2 ]] || printf '\r\e[K' >&2
}

build_program() {               # build_program NN_slug
  need "${needed_to_build[@]}"
  is_configured || configure -DGPT_TESTS=OFF
  build "program_$1"
}
