# shellcheck shell=bash disable=SC2154
# Part of ./book: `./book doctor`, what is found on this machine, one line each. It changes nothing.
# ✓ found, ✗ missing or too old and needed, – missing and optional.

broken=0

line() { printf '%s %-18s %s\n' "$1" "$2" "$3"; }
found() { line ✓ "$1" "$2"; }
wrong() { line ✗ "$1" "$2"; broken=$((broken + 1)); }
absent() { line – "$1" "$2"; }

program_version() {             # the first version-like number that `PROGRAM --version` prints
  local text
  text=$("$1" --version 2>/dev/null </dev/null) || true
  [[ $text =~ [0-9]+(\.[0-9]+)+ ]] && echo "${BASH_REMATCH[0]}"
}
library_version() { pkg-config --modversion "$1" 2>/dev/null || true; }
header_version() {              # header_version NAME HEADER...: from the first header with NAME_MAJOR, _MINOR and _PATCH
  local name=$1
  shift
  cat "$@" 2>/dev/null | awk -v name="$name" '
    $1 == "#define" && $2 ~ "^" name "_(VERSION_)?(MAJOR|MINOR|PATCH)$" && n < 3 { v = v (n++ ? "." : "") $3 }
    END { print v }' || true
}

# needed NAME PACKAGE VERSION [WANTED]: one line for something without which the book does not build
needed() {
  local item mark=
  for item in "${needed_to_test[@]}"; do [[ ${item%%=*} != "$2" ]] || mark=$item; done
  if ! is_there "$mark"; then
    wrong "$1" "missing: apt-get install $2"
  elif [[ -n ${4:-} && -n $3 ]] && ! at_least "$4" "$3"; then
    wrong "$1" "$3 is too old: $4 or newer is needed"
  else
    found "$1" "$3"
  fi
}

needed compiler g++ "$(is_there g++=g++ && compiler_version)" 11
needed cmake cmake "$(is_there cmake=cmake && cmake_version)" 3.25
needed ninja ninja-build "$(program_version ninja)"
needed pkg-config pkg-config "$(program_version pkg-config)"
needed "Open MPI" openmpi-bin "$(program_version mpirun)"
needed "Open MPI headers" libopenmpi-dev "$(library_version ompi)"
needed Eigen libeigen3-dev "$(library_version eigen3)"
needed oneDNN libdnnl-dev "$(header_version DNNL /usr/include/oneapi/dnnl/dnnl_version.h /usr/local/include/oneapi/dnnl/dnnl_version.h)"
needed CLI11 libcli11-dev "$(library_version CLI11)"
needed fmt libfmt-dev "$(library_version fmt)"
needed nlohmann-json nlohmann-json3-dev "$(library_version nlohmann_json)"
needed PCRE2 libpcre2-dev "$(library_version libpcre2-8)"
needed xxHash libxxhash-dev "$(library_version libxxhash)"
needed GoogleTest libgtest-dev "$(library_version gtest)"
needed GoogleMock libgmock-dev "$(library_version gmock)"
needed iproute2 iproute2 "$(ip -V 2>/dev/null | sed 's/.*-//')"
needed python3 python3 "$(program_version python3)"

# optional NAME VERSION WHAT-FOR
optional() { if [[ -n $2 ]]; then found "$1" "$2"; else absent "$1" "not there; $3"; fi; }

nvcc=$(command -v nvcc || compgen -G '/usr/local/cuda*/bin/nvcc' | tail -n 1) || nvcc=
optional "CUDA toolkit" "${nvcc:+$("$nvcc" --version | sed -nE 's/.*release ([0-9.]+).*/\1/p')}" \
  "needed to train on a GPU; without it kernels run on the CPU"
optional NCCL "$(header_version NCCL /usr/include/nccl.h /usr/local/cuda*/include/nccl.h)" "needed to train on several GPUs"
gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 8 | paste -sd ';') || gpu=
optional "GPU and driver" "$gpu" "the book trains on the CPU"
optional Doxygen "$(program_version doxygen)" "needed to make the book as web pages"
optional "Google Benchmark" "$(library_version benchmark)" "needed for the micro-benchmarks"
torch=$(python3 -c 'import torch; print(torch.__version__)' 2>/dev/null) || torch=
optional PyTorch "$torch" "only to compare with, or to make new reference files"

memory=$(awk '/^MemTotal/ { printf "%.1f", $2 / 1048576 }' /proc/meminfo)
disk=$(df -Pk "$root" | awk 'NR == 2 { printf "%.1f", $4 / 1048576 }')
flags=" $(grep -m 1 '^flags' /proc/cpuinfo || true) "
has() { if [[ $flags == *" $1 "* ]]; then found "$2" yes; else absent "$2" "no; $3"; fi; }

found "processor cores" "$(cores)"
if at_least 2 "$memory"; then found memory "$memory GB"; else wrong memory "$memory GB; building takes 2 GB"; fi
if at_least 2 "$disk"; then found "free disk" "$disk GB"; else wrong "free disk" "$disk GB; building and training take 2 GB"; fi
has avx512f AVX-512 "matrix products use narrower registers"
has amx_bf16 AMX "--precision bf16 brings no speed on this processor"

if ((broken)); then
  echo "$broken of these must be put right before the book builds; ./book train and ./book test install what is missing."
  exit 1
fi
echo "All that the book needs is here."
