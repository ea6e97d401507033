# shellcheck shell=bash disable=SC2154
# Part of ./book: what must be there, found by the program or header it brings, and installed where it is missing.

# PACKAGE=MARK: Debian's package, and the program or header by which it is recognised.
needed_to_build=(g++=g++ cmake=cmake ninja-build=ninja pkg-config=pkg-config openmpi-bin=mpirun libopenmpi-dev=mpicxx
  libeigen3-dev=eigen3/Eigen/Core libdnnl-dev=oneapi/dnnl/dnnl.hpp libcli11-dev=CLI/CLI.hpp libfmt-dev=fmt/format.h
  nlohmann-json3-dev=nlohmann/json.hpp libpcre2-dev=pcre2.h libxxhash-dev=xxhash.h)
needed_to_test=("${needed_to_build[@]}" libgtest-dev=gtest/gtest.h libgmock-dev=gmock/gmock.h
  python3=python3 iproute2=ip util-linux=nsenter)

needed_for_docs=(python3=python3 doxygen=doxygen doxygen-awesome-css=/usr/share/doxygen-awesome-css/doxygen-awesome.css
  libjs-mathjax=/usr/share/javascript/mathjax/MathJax.js)

is_there() {                    # is_there PACKAGE=MARK
  local mark=${1#*=} folder
  [[ $mark == g++ && -n ${CXX:-} ]] && mark=$CXX
  command -v "$mark" >/dev/null || [[ -f $mark ]] && return
  for folder in /usr/include /usr/local/include ${CPATH:+${CPATH//:/ }} ${CONDA_PREFIX:+"$CONDA_PREFIX/include"}; do
    [[ -f $folder/$mark ]] && return
  done
  return 1
}

at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }     # at_least WANTED FOUND
compiler_version() { "${CXX:-g++}" -dumpfullversion -dumpversion; }
cmake_version() { cmake --version | awk 'NR == 1 { print $3 }'; }

need() {                        # need PACKAGE=MARK...: installs those that are missing; asks for nothing when all is there
  local missing=() item sudo=() log=$root/build/install.log
  for item in "$@"; do is_there "$item" || missing+=("${item%%=*}"); done
  if ((${#missing[@]})); then
    command -v apt-get >/dev/null ||
      fail "these are missing (Debian's names), and only apt-get is known here to install them: ${missing[*]}"
    if ((EUID)); then
      command -v sudo >/dev/null || fail "these packages are missing; as root: apt-get install ${missing[*]}"
      sudo=(sudo)               # which may ask for a password on the terminal
    fi
    say "installing ${missing[*]}"
    mkdir -p "$root/build"
    # Without an index (a new machine) the first line is needed; without a network the second may still succeed.
    local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update >"$log" 2>&1 </dev/null || true
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 </dev/null ||
      { grep -E '^(E|W|Err|sudo)[: ]' "$log" | tail -n 5 >&2 || true
        fail "could not install ${missing[*]}; all that was said is in $log"; }
  fi
  at_least 3.25 "$(cmake_version)" || fail "cmake $(cmake_version) is too old: the book needs 3.25 or newer"
  at_least 11 "$(compiler_version)" || fail "${CXX:-g++} $(compiler_version) is too old: the book needs g++ 11 or newer"
}
