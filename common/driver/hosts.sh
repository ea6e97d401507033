# shellcheck shell=bash disable=SC2154
# Part of ./book: ranks on several hosts. `hosts` holds NAME:SLOTS of each, in the order in which ranks are given out; empty:
# all ranks run here.

# hosts_of_list a:2,b:2 [N] and hosts_of_file FILE [N] (lines "a slots=2", as mpirun reads them): set `hosts`. N is
# --ranks-per-host, for hosts that are named without a number.
hosts_of_list() {
  local host per_host=${2-}
  hosts=()
  for host in ${1//,/ }; do
    [[ $host =~ ^[A-Za-z0-9._-]+(:[1-9][0-9]*)?$ ]] || fail "--hosts takes NAME:RANKS,NAME:RANKS, and $host is neither"
    [[ -z $per_host || $host != *:* ]] ||
      fail "$host says how many ranks run there, and so does --ranks-per-host $per_host: leave out one of them"
    [[ $host == *:* ]] || host+=:${per_host:-1}
    hosts+=("$host")
  done
  ((${#hosts[@]})) || fail "--hosts names no host"
}

hosts_of_file() {
  local name rest slots list=
  [[ -r $1 ]] || fail "--hostfile $1: there is no such file"
  while read -r name rest; do
    [[ -n $name && $name != \#* ]] || continue
    slots=
    [[ ! $rest =~ slots=([1-9][0-9]*) ]] || slots=:${BASH_REMATCH[1]}
    list+=,$name$slots
  done <"$1"
  hosts_of_list "${list#,}" "${2-}"
}

# hosts_of_slurm [N]: the nodes of a Slurm allocation, each with N ranks or with as many as Slurm gave it tasks: such as 3,2(x4),
# three and four times two. mpirun starts its daemons there by srun, without ssh.
hosts_of_slurm() {
  local name part i given=${SLURM_TASKS_PER_NODE-} tasks=()
  ((${SLURM_STEP_NUM_TASKS:-1} == 1)) || [[ -v SLURM_PTY_PORT ]] ||   # srun --pty starts one shell for all of its tasks
    fail "srun has started this $SLURM_STEP_NUM_TASKS times: start it once, by salloc or sbatch; it starts the ranks itself"
  for part in ${given//,/ }; do
    [[ $part =~ ^([1-9][0-9]*)(\(x([0-9]+)\))?$ ]] || continue
    for ((i = 0; i < ${BASH_REMATCH[3]:-1}; i++)); do tasks+=("${BASH_REMATCH[1]}"); done
  done
  hosts=()
  for name in $(scontrol show hostnames "$SLURM_JOB_NODELIST"); do hosts+=("$name:${1:-${tasks[${#hosts[@]}]:-1}}"); done
}

total_slots() {
  local host sum=0
  for host in "${hosts[@]}"; do sum=$((sum + ${host#*:})); done
  echo "$sum"
}

# take_ranks [...]: sets `ranks` from --ranks N (or keeps it), `hosts` from --hosts, --hostfile or Slurm, with
# --ranks-per-host N, and `rest` to all other arguments.
take_ranks() {
  local given= list= file= per_host=
  rest=() hosts=()
  while (($#)); do
    case $1 in
      --ranks=* | --hosts=* | --hostfile=* | --ranks-per-host=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
      --ranks) (($# > 1)) || fail "--ranks needs a number"; given=$2; shift ;;
      --hosts) (($# > 1)) || fail "--hosts needs NAME:RANKS,NAME:RANKS"; list=$2; shift ;;
      --hostfile) (($# > 1)) || fail "--hostfile needs a file"; file=$2; shift ;;
      --ranks-per-host)
        [[ ${2-} =~ ^[1-9][0-9]*$ ]] || fail "--ranks-per-host takes a number of ranks, not ${2-nothing}"
        per_host=$2
        shift
        ;;
      *) rest+=("$1") ;;
    esac
    shift
  done
  [[ -z $list || -z $file ]] || fail "--hosts and --hostfile both name hosts: give one of them"
  if [[ -n $list ]]; then hosts_of_list "$list" "$per_host"
  elif [[ -n $file ]]; then hosts_of_file "$file" "$per_host"
  elif [[ -v SLURM_JOB_NODELIST ]]; then hosts_of_slurm "$per_host"
  elif [[ -n $per_host ]]; then fail "--ranks-per-host is for several hosts: name them with --hosts, or say --ranks"
  fi
  if [[ -n $given ]]; then ranks=$given; elif ((${#hosts[@]})); then ranks=$(total_slots); fi
}

# Where there is no program ip (Debian: iproute2), Open MPI chooses the network.
route_to() { ip -o route get "$(getent ahostsv4 "$1" | awk 'NR == 1 { print $1 }')" 2>/dev/null; }
is_here() { [[ $1 == localhost || $1 == "$(uname -n)" || $(route_to "$1") == local* ]]; }

# network_towards HOST: the network in which HOST is this machine's neighbour, as 10.0.0.5/24; nothing where a router lies
# between, or where the name is known to ssh alone.
network_towards() {
  local route
  route=$(route_to "$1") || return 0
  [[ $route != *' via '* && $route =~ ' dev '([^ ]+) ]] || return 0
  ip -o -4 addr show dev "${BASH_REMATCH[1]}" | awk 'NR == 1 { print $4 }'
}

# Open MPI between hosts: TCP beside shared memory, on the network that joins the hosts (a machine has others, such as
# a container's bridge, and Open MPI would try them all). The keepalives notice after five seconds that a host is gone.
# What the user has set stays.
hosts_environment() {
  local host network= setting
  for host in "${hosts[@]%%:*}"; do
    is_here "$host" || { network=$(network_towards "$host"); break; }
  done
  for setting in btl=self,vader,tcp oob_tcp_keepalive_time=2 oob_tcp_keepalive_intvl=1 oob_tcp_keepalive_probes=3 \
    ${network:+"btl_tcp_if_include=$network" "oob_tcp_if_include=$network"}; do
    setting=OMPI_MCA_$setting
    [[ -v ${setting%%=*} ]] || export "${setting?}"
  done
}

# check_hosts PROGRAM: can each host be reached, and is the same program there? mpirun would say less, or nothing.
check_hosts() {
  local agent host answers wanted answer
  agent=${OMPI_MCA_plm_rsh_agent:-ssh -o BatchMode=yes -o ConnectTimeout=10}
  answers=$(mktemp -d)
  wanted=$(cksum <"$1")
  for host in "${hosts[@]%%:*}"; do
    is_here "$host" || {
      $agent "$host" "test -x '$1' && cksum <'$1' || echo missing" >"$answers/$host" 2>&1 </dev/null ||
        echo "unreachable: $(tail -n 1 "$answers/$host")" >"$answers/$host"
    } &
  done
  wait
  for host in "${hosts[@]%%:*}"; do
    [[ -f $answers/$host ]] || continue
    answer=$(tail -n 1 "$answers/$host")
    case $answer in
      "$wanted") continue ;;
      missing) answer="has no $1: the book must lie in the same folder on each host, shared or copied" ;;
      unreachable:*) answer="cannot be reached by ${agent%% *}: ${answer#unreachable: }" ;;
      *) answer="has another build of $1: copy it there again" ;;
    esac
    rm -r "$answers"
    fail "host $host $answer"
  done
  rm -r "$answers"
}
