#!/usr/bin/env bash
# killed_worker.sh MPIEXEC PROGRAM: of three workers one is killed; the others and the server take all their steps.
set -u
said=$(timeout -s KILL 120 "$1" --mca orte_enable_recovery 1 -n 4 "$2" 2>&1)
if [[ $said != *'12 updates, the victim is dead'* ]]; then
  printf 'said:\n%s\n' "$said"
  exit 1
fi
