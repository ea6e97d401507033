#!/usr/bin/env bash
# Everything about GPUs at once: builds, runs all tests that want a GPU, looks for errors of memory, measures the kernels
# and the trainer (and PyTorch, where Python finds it), and prints one table last. From a clean tree on 16 cores in
# less than nine minutes; a step that fails or takes too long is reported, and the next one runs.
#
#   tests/benchmarks/gpu.sh [--out FOLDER] [--minutes 9] [--no-build] [--python PYTHON]
#
# FOLDER (build/gpu unless told) gets gpu.json, the table as gpu.txt, docs/gpu.md filled in as gpu.md, and a log of each step.
# PYTHON is one with PyTorch, for comparison; without it those on the PATH and in /usr/bin are tried.
# Exit code: 0 all is well, 1 a step failed, 2 a mistake in the options, 77 there is no GPU.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)
build=${BOOK_BUILD:-$root/build/release}
started=$SECONDS

say() { printf '== %s\n' "$*" >&2; }
fail() { printf 'gpu.sh: %s\n' "$*" >&2; exit 2; }
source "$root/common/driver/packages.sh"
source "$root/common/driver/build.sh"

# Called again by itself, under a time limit: `timeout` cannot run a function.
if [[ ${1:-} == build-step ]]; then
  set -e
  need "${needed_to_build[@]}" libgtest-dev=gtest/gtest.h libgmock-dev=gmock/gmock.h
  configure -DGPT_TESTS=ON
  mapfile -t tests < <(ninja -C "$build" -t targets all | sed -nE 's/^(test_[a-z0-9_]+_cuda): phony$/\1/p' | sort -u)
  # What is measured first, so that it is there when the time is up.
  build program_16_trainer program_08_gpu_training program_07_cuda_kernels program_12_nccl
  if ((${#tests[@]})); then build "${tests[@]}"; else say "no kernels are built for GPUs: there is no nvcc, or GPT_CUDA is OFF"; fi
  exit
fi

out=$root/build/gpu minutes=9 wants_build=1 python=
while (($#)); do
  case $1 in
    --out | --minutes | --python) (($# > 1)) || fail "$1 needs a value"; declare "${1#--}=$2"; shift ;;
    --no-build) wants_build= ;;
    *) fail "there is no option $1: --out FOLDER, --minutes N, --no-build, --python PYTHON" ;;
  esac
  shift
done
[[ $minutes =~ ^[1-9][0-9]*$ ]] || fail "--minutes is a whole number, not $minutes"
mkdir -p "$out" && out=$(cd "$out" && pwd -P) || fail "cannot make the folder $out"

state=skipped
if [[ $wants_build ]]; then
  state=passed
  # Not more than six ninths of the time: half a build is still worth tests and measurements.
  timeout --kill-after=10 $((minutes * 40)) "${BASH_SOURCE[0]}" build-step > >(tee "$out/build.log") 2>&1 || state=failed
fi
command -v python3 >/dev/null || fail "python3 is missing, which runs the other steps"
export BOOK_BUILD=$build
exec python3 -B "$root/tests/benchmarks/gpu_steps.py" --out "$out" --python "$python" --build-state "$state" \
  --build-seconds $((SECONDS - started)) --seconds $((minutes * 60 - 10 - (SECONDS - started)))
