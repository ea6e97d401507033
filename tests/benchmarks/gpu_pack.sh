#!/usr/bin/env bash
# For a machine that has a GPU but no packages, no network and little time: builds what gpu.sh runs beforehand, anywhere
# where nvcc is, and puts it into one folder with the libraries it needs and Open MPI.
#
#   tests/benchmarks/gpu_pack.sh [--architectures 90] [--out FOLDER] [--from BUILD]
#
# FOLDER (build/gpu-pack unless told), or the same as FOLDER.tgz, goes to the other machine with the sources. There:
# gpu.sh --pack FOLDER or FOLDER.tgz, which needs bash and python3 besides a GPU's driver and libraries.
# BUILD is a folder built before; without it, build/gpu-build is built, for x86-64 processors of all kinds.
# cuBLASLt, NCCL and the driver are not packed: they are large, and where a GPU is they are, too.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)
fail() { printf 'gpu_pack.sh: %s\n' "$*" >&2; exit 2; }

architectures=90 out=$root/build/gpu-pack from=
while (($#)); do
  case $1 in
    --architectures | --out | --from) (($# > 1)) || fail "$1 needs a value"; declare "${1#--}=$2"; shift ;;
    *) fail "there is no option $1: --architectures 90, --out FOLDER, --from BUILD" ;;
  esac
  shift
done

programs=(gpt 07_cuda_kernels 08_gpu_training 12_nccl)
if [[ ! $from ]]; then
  from=$root/build/gpu-build
  real=${architectures//,/;}
  cmake -S "$root" -B "$from" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGPT_TESTS=ON -DGPT_NATIVE=OFF -DGPT_CUDA=ON \
    "-DGPT_CUDA_ARCHITECTURES=${real//;/-real;}-real" >/dev/null
  mapfile -t tests < <(ninja -C "$from" -t targets all | sed -nE 's/^(test_[a-z0-9_]+_cuda): phony$/\1/p' | sort -u)
  cmake --build "$from" --target program_16_trainer program_07_cuda_kernels program_08_gpu_training program_12_nccl "${tests[@]}"
fi
[[ -d $from/bin ]] || fail "there is no build in $from"

rm -rf "$out"
mkdir -p "$out/bin" "$out/lib" "$out/usr/bin"
for program in "${programs[@]/#/$from/bin/}" "$from"/bin/test_*_cuda; do
  if [[ -x $program ]]; then cp "$program" "$out/bin/"; fi
done
mpirun=$(command -v mpirun) || fail "Open MPI is missing"
cp "$(readlink -f "$mpirun")" "$out/usr/bin/mpirun"
cp "$(readlink -f "$(command -v orted)")" "$out/usr/bin/orted"

# Open MPI looks for its parts below OPAL_PREFIX as it did below /usr.
path_of() { ompi_info --path "$1" --parsable | sed -n 's/^path:[a-z]*://p'; }
plugins=$(path_of pkglibdir) texts=$(path_of pkgdatadir)
for folder in "$plugins" "$texts"; do
  mkdir -p "$out$(dirname "$folder")"
  cp -rL "$folder" "$out$(dirname "$folder")/"
done
# Of the ways to carry bytes, those inside one machine and over TCP.
find "$out$plugins" -name '*.so' \( -name '*_ofi.so' -o -name '*_psm*.so' -o -name '*_ucx.so' -o -name '*_openib.so' \
  -o -name '*_usnic.so' -o -name '*_portals4.so' -o -name '*_monitoring.so' -o -name 'mca_spml_*' \) -delete

# What all these are linked with, but for the C library, which the other machine's loader belongs to, and CUDA's.
find "$out" -type f \( -perm -u+x -o -name '*.so*' \) -print0 | { xargs -0 -n 1 ldd 2>/dev/null || true; } |
  sed -nE 's/^\t[^ ]+ => (\/[^ ]+) .*/\1/p' | sort -u |
  grep -vE '/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util|cuda|nvidia[^/]*|cublas[^/]*|nccl)\.so[^/]*)$' |
  while IFS= read -r library; do cp -nL "$library" "$out/lib/"; done
find "$out/bin" "$out/lib" -type f -exec strip --strip-unneeded {} + 2>/dev/null || true
tar -C "$out" -czf "$out.tgz" .
du -shL "$out" "$out.tgz" | sed "s|\t|: |"
