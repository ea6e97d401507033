#!/usr/bin/env bash
# lost_rank.sh MPIEXEC PROGRAM: a job whose ranks do not come together ends in time, as a whole, and says why.
set -u
mpiexec=$1 program=$2 wrong=0
deadline=2 slack=10
mark=mark-$$-$RANDOM

# expect RANKS MODE VICTIM CODE PATTERN …: the job ends with CODE within the deadline and five seconds, its messages
# match all patterns, and none of its processes is left.
expect() {
  local ranks=$1 mode=$2 victim=$3 code=$4 said status pattern good=1 left
  shift 4
  said=$(timeout -s KILL $((deadline + 5 + slack)) "$mpiexec" -q -n "$ranks" "$program" "$mode" "$victim" \
    "$([[ $mode == none ]] && echo 60 || echo $deadline)" "$mark" 2>&1)
  status=$?
  [[ $status == "$code" ]] || good=0
  for pattern; do [[ $said =~ $pattern ]] || good=0; done
  for _ in {1..30}; do
    left=$(pgrep -f -- "$mark" | grep -v "^$$\$")
    [[ -n $left ]] || break
    sleep 0.1
  done
  ((good)) && [[ -z $left ]] && return
  printf '%s ranks, rank %s, %s: exit code %s, left: %s, said:\n%s\n' "$ranks" "$victim" "$mode" "$status" "$left" "$said"
  [[ -z $left ]] || kill -KILL $left
  wrong=1
}

# A side that is not heard within half a second is left out. Two ranks may then stand against each other, and the lower
# one is believed. Where the ranks go on, the calls that differ may be long past when they are compared, or be compared
# before all are known.
earlier='|rank 2 called other collectives than (rank 0|ranks 0 and 1) before'
for ranks in 2 3 4; do
  expect $ranks none 0 0 '^done$'
done
expect 3 stop 2 3 'rank 2 on .* has not been heard of for .* s; its last word: '
expect 2 stop 0 3 'rank 0 on .* has not been heard of for .* s'
expect 3 sleep 0 3 'have waited 2\.. s in ' 'rank 0 on .* has not arrived: step 20, asleep for '
expect 4 sleep 3 3 'rank 3 on .* has not arrived: step 20, asleep for '
# A rank that leaves waits for nobody, also when it shares memory with the others.
expect 3 leave 1 3 'rank 1 has left after .* \(after step 20 for .* waits? for it in '
expect 2 leave 0 3 'rank 0 has left after .*, while rank 1 waits for it in '
expect 3 order 2 3 'rank 2 calls barrier as collective 59, where (ranks 0 and 1 call|rank [01] calls) broadcast of 8 i32 from rank 0'"$earlier"
# Shared memory adds up what it finds: ranks with other counts do not wait for each other.
expect 4 count 1 3 'rank 1 calls all_reduce of 100 f32 .* where .* call|rank 1 called other collectives than ranks? [0-9, and]+ before'"\
"'|rank [23] calls all_reduce of 1000 f32 .* where rank 1 calls|rank [23] called other collectives than rank 1 before'
expect 3 more 1 3 'rank 1 calls broadcast of 8 i32 from rank 1 as collective 61, where (ranks 0 and 2 call|rank [02] calls) broadcast of 2 f32 from rank 0'"\
"'|rank 2 calls broadcast of 2 f32 from rank 0 as collective 61, where rank 1 calls broadcast of 8 i32 from rank 1'
expect 3 truncate 1 3 'rank 1 calls broadcast of 1 f32 from rank 0 as collective 61, where (ranks 0 and 2 call|rank [02] calls) broadcast of 2 f32'"\
"'|rank 2 calls broadcast of 2 f32 from rank 0 as collective 61, where rank 1 calls broadcast of 1 f32'
expect 3 silent 2 3 'rank 2 calls broadcast of 3 f32 from rank 0 as collective 61, where (ranks 0 and 1 call|rank [01] calls) broadcast of 2 f32'"$earlier"
expect 3 throw 1 2 '^lost_rank: rank 1 has no memory$'
expect 3 throw 0 2 '^lost_rank: rank 0 has no memory$'
expect 3 kill 2 137
exit $wrong
