#!/usr/bin/env bash
# failing_rank.sh MPIEXEC PROGRAM: the failure of a rank ends the whole job, with its message and exit code.
set -u
mpiexec=$1 program=$2 wrong=0

expect() {                      # expect WHO HOW MESSAGE: the job says MESSAGE and nothing else, and exits with 2
  local said status
  said=$(timeout 60 "$mpiexec" -q -n 3 "$program" "$1" "$2" 2>&1)
  status=$?
  [[ $status == 2 && $said == "$3" ]] && return
  printf 'failing rank %s, %s: exit code %s, said:\n%s\n' "$1" "$2" "$status" "$said"
  wrong=1
}

for how in foreground background; do
  expect 0 "$how" 'failing_rank: rank 0 has no memory'
  expect 2 "$how" 'failing_rank: rank 2 has no memory'
  expect all "$how" 'failing_rank: there is no file x'
done
exit $wrong
