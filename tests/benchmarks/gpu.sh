#!/usr/bin/env bash
# Everything about GPUs at once: builds, runs all tests that want a GPU, looks for errors of memory, measures the kernels
# and the trainer (and PyTorch, where Python finds it), and prints one table last. From a clean tree on 16 cores in
# less than nine minutes; a step that fails or takes too long is reported, and the next one runs.
#
#   tests/benchmarks/gpu.sh [--out FOLDER] [--minutes 9] [--no-build | --pack PACK] [--go-on] [--python PYTHON]
#
# PACK was made by gpu_pack.sh: then nothing is built or installed here, and all the time is for tests and measurements.
# --go-on repeats nothing that FOLDER holds as passed: what did not fit into one call is done by the next.
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

out=$root/build/gpu minutes=9 wants_build=1 python='' pack='' go_on=()
while (($#)); do
  case $1 in
    --out | --minutes | --python | --pack) (($# > 1)) || fail "$1 needs a value"; declare "${1#--}=$2"; shift ;;
    --no-build) wants_build= ;;
    --go-on) go_on=(--go-on) ;;
    *) fail "there is no option $1: --out FOLDER, --minutes N, --no-build, --pack PACK, --go-on, --python PYTHON" ;;
  esac
  shift
done
[[ $minutes =~ ^[1-9][0-9]*$ ]] || fail "--minutes is a whole number, not $minutes"
mkdir -p "$out" && out=$(cd "$out" && pwd -P) || fail "cannot make the folder $out"

state=skipped
if [[ $pack ]]; then
  wants_build=
  if [[ -f $pack ]]; then
    mkdir -p "$root/build/gpu-unpacked" && tar -C "$root/build/gpu-unpacked" -xzf "$pack" || fail "cannot unpack $pack"
    pack=$root/build/gpu-unpacked
  fi
  [[ -d $pack/bin ]] || fail "there is no bin/ in $pack: gpu_pack.sh makes it"
  build=$(cd "$pack" && pwd -P)
  # The libraries of CUDA and NCCL: the toolkit's, or those that came with PyTorch.
  theirs=$(for p in "$python" python3 /usr/bin/python3; do
    [[ $p ]] && "$p" -c 'import glob, nvidia; print(":".join(d for p in nvidia.__path__ for d in glob.glob(p + "/*/lib")))' && break
  done 2>/dev/null)
  # Not yet for everybody: PyTorch would not like the C++ library that the pack was linked with.
  export GPU_LIBRARIES=$build/lib:/usr/local/cuda/lib64${theirs:+:$theirs}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export PATH=$build/usr/bin:$PATH OPAL_PREFIX=$build/usr
  export OMPI_MCA_plm_rsh_agent=sh PMIX_MCA_pcompress_base_silence_warning=1  # there may be no ssh
fi
# As a test runs them (common/cmake/Chapters.cmake): in shared memory, also as root and with more ranks than cores.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
  OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1 \
  OMPI_MCA_btl_vader_single_copy_mechanism=none
if [[ $wants_build ]]; then
  state=passed
  # Not more than six ninths of the time: half a build is still worth tests and measurements.
  timeout --kill-after=10 $((minutes * 40)) "${BASH_SOURCE[0]}" build-step > >(tee "$out/build.log") 2>&1 || state=failed
fi
command -v python3 >/dev/null || fail "python3 is missing, which runs the other steps"
export BOOK_BUILD=$build
exec python3 -B "$root/tests/benchmarks/gpu_steps.py" --out "$out" --python "$python" --build-state "$state" \
  --build-seconds $((SECONDS - started)) --seconds $((minutes * 60 - 10 - (SECONDS - started))) "${go_on[@]}"
