# shellcheck shell=bash disable=SC2154
# Part of ./book: running a program as several processes under Open MPI.

# Open MPI in a container, as root, with more ranks than cores, in shared memory alone unless hosts.sh has said otherwise;
# the same as in common/cmake/Chapters.cmake. What the user has set stays.
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

# Ranks on one host share its cores. On several hosts each rank does that sum by itself, where it runs: the hosts may differ.
share_cores() {
  local threads=$(($(cores) / $1))
  export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((threads > 0 ? threads : 1))}
}

# What mpirun has to say stands between two lines of dashes. tell_in_short passes all else on, but for mpirun's remarks on its
# own doings (the one on setpgid says no more than that ssh was quick), and of that the one sentence which matters: that a
# rank died, or a host was lost (then its own status is 1). Of a rank that ended with a code of its own mpirun need not
# speak: the rank has explained itself.
tell_in_short() {
  local line block= inside= told=0 rule='^-{50,}$'
  trap '' INT TERM HUP USR1                   # it ends when mpirun does
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line =~ $rule ]]; then
      [[ -z $inside ]] || tell_block "$block"
      [[ -n $inside ]] && inside= || inside=1
      block=
    elif [[ -n $inside ]]; then
      block+=$line$'\n'
    elif [[ $line != *' sent help message '* && $line != *orte_base_help_aggregate* &&
      $line != 'mpirun: Forwarding signal '* && $line != *'plm:rsh: Warning: setpgid('* ]]; then
      printf '%s\n' "$line"
    fi
  done
  [[ -z $inside ]] || printf '%s' "$block"
  return "$told"
}

tell_block() {
  local number reason
  if [[ $1 =~ process\ rank\ ([0-9]+)\ with\ PID\ ([0-9]+)\ on\ node\ ([^ ]+)\ exited\ on$'\n'?\ ?signal\ ([0-9]+) ]]; then
    number=${BASH_REMATCH[4]} reason=
    ((number != 9)) || reason=' (out of memory?)'
    say "rank ${BASH_REMATCH[1]} on host ${BASH_REMATCH[3]} was ended by signal $number, SIG$(kill -l "$number")$reason"
    told=1
  elif [[ $1 =~ lost\ communication.*Remote\ daemon:[^$'\n']*on\ node\ ([^ $'\n']+) ]]; then
    say "the connection to host ${BASH_REMATCH[1]} is lost; the job was ended"
    told=1
  elif [[ ! $1 =~ non-zero|MPI_ABORT|unexpectedly\ disconnected ]]; then
    printf '%s' "$1"
  fi
}

# run_ranks N PROGRAM [...]: N processes of a program under mpirun, in the caller's folder.
# - Ctrl-C, SIGTERM and a closed terminal reach the ranks as SIGUSR1, once, and nothing else follows: a rank finishes its
#   step, writes its checkpoint and exits, in its own time. (mpirun by itself would kill the ranks two seconds after
#   Ctrl-C; so it runs in a session of its own, where the terminal's Ctrl-C does not reach it, and forwards SIGUSR1.)
#   A second Ctrl-C ends the job at once. Should this script be killed, the kernel sends that SIGUSR1.
# - GPT_TERMINAL is the width of the terminal on which a person watches stdout, 0 when nobody does. A rank cannot see
#   that: mpirun gives rank 0 a terminal of its own, always, and of width 0.
# - After a user's mistake only the program's own sentence appears. The exit code is the program's; 137 when a rank was
#   killed, 205 when a host was lost.
# - Where `hosts` names hosts, the ranks run there.
run_ranks() {
  local ranks=$1 job status signals=0 seen asked=0 options=() errors filter
  shift
  [[ $ranks =~ ^[0-9]+$ ]] && ((10#$ranks >= 1 && 10#$ranks <= 64)) ||
    fail "--ranks takes a number from 1 to 64, not $ranks"
  if ((${#hosts[@]})); then
    GPT_HOSTS=$(IFS=,; echo "${hosts[*]}")
    hosts_environment
    [[ -v SLURM_JOB_ID ]] || check_hosts "$1"
    options=(--host "$GPT_HOSTS" -x GPT_HOSTS -x GPT_TERMINAL ${OMP_NUM_THREADS:+-x OMP_NUM_THREADS})
    export GPT_HOSTS
  else
    share_cores "$ranks"
  fi
  mpi_environment
  export GPT_TERMINAL=0
  [[ ! -t 1 ]] || { GPT_TERMINAL=$(columns 3); } 3>&1
  exec {errors}> >(tell_in_short >&2)
  filter=$!
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
  setpriv --pdeathsig USR1 setsid mpirun -np "$ranks" "${options[@]}" "$@" </dev/null 2>&"$errors" {errors}>&- &
  job=$!
  exec {errors}>&-
  trap stop INT TERM HUP
  while :; do                   # `wait` returns at once when a signal was trapped: then wait again
    seen=$signals status=0
    wait "$job" || status=$?
    ((seen != signals)) || break
  done
  trap - INT TERM HUP
  for _ in {1..20}; do          # what mpirun said last; not for ever: a lost host's ssh may hold on to the pipe
    kill -0 "$filter" 2>/dev/null || break
    sleep 0.05
  done
  if ((status > 128 && status < 193 && !asked)) && wait "$filter"; then   # nobody has told
    say "a rank was ended by signal $((status - 128)), SIG$(kill -l $((status - 128)))"
  fi
  return "$status"
}

# elastic_ranks N PROGRAM [...]: N processes of `gpt train` under `gpt launch` (chapter 16), which starts mpirun in the
# environment that it finds here, and starts it again when a rank dies. It takes the place of this script, signals and all.
elastic_ranks() {
  local ranks=$1 program=$2 where=() limits=() words=()
  shift 2
  while (($#)); do
    case $1 in
      --elastic) ;;
      --min-ranks | --max-failures | --rejoin-after | --back-off | --patience | --ask-every)
        (($# > 1)) || fail "$1 needs a number"
        limits+=("$1" "$2")
        shift ;;
      --min-ranks=* | --max-failures=* | --rejoin-after=* | --back-off=* | --patience=* | --ask-every=*) limits+=("$1") ;;
      *) words+=("$1") ;;
    esac
    shift
  done
  if ((${#hosts[@]})); then
    hosts_environment
    [[ -v SLURM_JOB_ID ]] || check_hosts "$program"
    where=(--hosts "$(IFS=,; echo "${hosts[*]}")")
  fi
  mpi_environment
  export GPT_TERMINAL=0
  [[ ! -t 1 ]] || { GPT_TERMINAL=$(columns 3); } 3>&1
  exec "$program" launch -n "$ranks" "${where[@]}" "${limits[@]}" -- train "${words[@]}"
}
