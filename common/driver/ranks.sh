# shellcheck shell=bash disable=SC2154
# Part of ./book: running a program as several processes under Open MPI.

# Open MPI in a container, as root, with more ranks than cores, in shared memory alone; the same as in
# common/cmake/Chapters.cmake. What the user has set stays.
mpi_environment() {
  local setting
  for setting in OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
    OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1 \
    OMPI_MCA_btl_vader_single_copy_mechanism=none; do
    [[ -v ${setting%%=*} ]] || export "${setting?}"
  done
  # mpirun talks to its ranks through the loopback interface, which is down in a bare network namespace (unshare -n).
  # The numbers are SIOCSIFFLAGS and IFF_UP | IFF_RUNNING.
  if [[ -r /proc/net/fib_trie ]] && ! grep -q '127\.0\.0\.1' /proc/net/fib_trie; then
    perl -e 'socket(S, 2, 2, 0); $up = pack("a16s", "lo", 0x41); ioctl(S, 0x8914, $up) or exit 1' ||
      fail "Open MPI needs the loopback network interface, which is down; as root: ip link set lo up"
  fi
}

# run_ranks N PROGRAM [...]: N processes of a program under mpirun, in the caller's folder.
# - Ctrl-C, SIGTERM and a closed terminal reach the ranks as SIGUSR1, once, and nothing else follows: a rank finishes its
#   step, writes its checkpoint and exits, in its own time. (mpirun by itself would kill the ranks two seconds after
#   Ctrl-C; so it runs in a session of its own, where the terminal's Ctrl-C does not reach it, and forwards SIGUSR1.)
#   A second Ctrl-C ends the job at once. Should this script be killed, the kernel sends that SIGUSR1.
# - GPT_TERMINAL is the width of the terminal on which a person watches stdout, 0 when nobody does. A rank cannot see
#   that: mpirun gives rank 0 a terminal of its own, always, and of width 0.
# - mpirun -q: after a user's mistake only the program's own sentence appears. The exit code is the program's.
run_ranks() {
  local ranks=$1 job status signals=0 seen asked=0
  shift
  [[ $ranks =~ ^[0-9]+$ ]] && ((10#$ranks >= 1 && 10#$ranks <= 64)) ||
    fail "--ranks takes a number from 1 to 64, not $ranks"
  mpi_environment
  local threads=$(($(cores) / ranks))
  export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((threads > 0 ? threads : 1))}
  export GPT_TERMINAL=0
  [[ ! -t 1 ]] || { GPT_TERMINAL=$(columns 3); } 3>&1
  stop() {
    signals=$((signals + 1))
    if ((!asked)); then
      asked=$SECONDS
      kill -USR1 "$job" 2>/dev/null || true
    elif ((SECONDS > asked + 1)); then         # not the same wish sent twice, as `timeout` does
      kill -TERM "$job" 2>/dev/null || true
    fi
  }
  SECONDS=1
  setpriv --pdeathsig USR1 setsid mpirun -q -np "$ranks" "$@" </dev/null &
  job=$!
  trap stop INT TERM HUP
  while :; do                   # `wait` returns at once when a signal was trapped: then wait again
    seen=$signals status=0
    wait "$job" || status=$?
    ((seen != signals)) || break
  done
  trap - INT TERM HUP
  ((status < 129 || asked)) || say "a rank was ended by signal $((status - 128)) ($(kill -l $((status - 128))))" \
    "$( ((status != 137)) || echo '- out of memory?')"
  return "$status"
}
