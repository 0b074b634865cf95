#!/bin/sh
# Checkpoints: a run that is killed at any moment goes on to the bytes of an undisturbed one, as TAP.
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/cli/program.sh
. "$src/tests/cli/program.sh"

# become OUT THREADS [OPTION...]: the shell that calls it becomes the program, so that a signal to
# a shell in the background reaches the program
become() {
  out=$1
  threads=$2
  shift 2
  exec "$meso" simulate "$src/data/models/toy.yaml" --set simulation.duration_ms=60000 --quiet \
    --checkpoint-every 2 --threads "$threads" -o "$out" "$@"
}
simulate() (become "$@")

# digest FILE: in $digest; never empty
digest() {
  digest=$("$meso" info --digest "$1") || digest="no digest of $1"
}

# expect_whole OUT: adds to the problem unless OUT is as undisturbed.h5 and nothing else is left
expect_whole() {
  digest "$1"
  [ "$digest" = "$want" ] || problem="$problem; $1 differs: $digest"
  [ ! -e "$1.parts" ] || problem="$problem; left $(ls "$1.parts")"
}

# kill_after_parts N SIGNAL OUT: starts a run and sends the signal when N parts are there
kill_after_parts() {
  become "$3" 2 2> err &
  pid=$!
  while [ ! -e "$3.parts/part-$(printf %06d "$1").h5" ] && kill -0 $pid 2> /dev/null; do
    sleep 0.01
  done
  kill -"$2" $pid 2> /dev/null
  wait $pid
  code=$?
}

# kill_often OUT OPTION...: runs again and again, each time killed a little later, until it is through;
# how often in $kills
kill_often() {
  kills=0
  code=137
  out=$1
  shift
  while [ $code -eq 137 ] && [ $kills -lt 40 ]; do
    kills=$((kills + 1))
    become "$out" $((1 + kills % 3)) "$@" 2> err &
    pid=$!
    sleep 0.$((kills * 7 % 10))$((kills * 3 % 10))
    kill -9 $pid 2> /dev/null
    wait $pid
    code=$?
  done
  [ $code -eq 0 ] || simulate "$out" 2 "$@" 2> err || problem=$(cat err)
  [ $kills -gt 1 ] || problem="$problem; never killed"
}

echo 1..8
problem=
simulate undisturbed.h5 2 --record V_m,I_syn_in --neurons E:0-1 2> err || problem=$(cat err)
digest undisturbed_traces.h5
want_traces=$digest
digest undisturbed.h5
want=$digest
[ ${#want} -eq 64 ] || problem="$problem; $want"
[ ! -e undisturbed.h5.parts ] || problem="$problem; left a folder"
result 'an undisturbed run leaves one file' "$problem"

problem=
kill_often killed.h5
expect_whole killed.h5
result "killed $kills times at any moment, on 1 to 3 threads: the same spikes" "$problem"

problem=
kill_after_parts 3 INT stopped.h5
[ $code -eq 130 ] || problem="exit code $code"
grep -q 'stopped at [0-9.]* of 60000.0 ms; the same command goes on' err ||
  problem="$problem; said $(cat err)"
[ ! -e stopped.h5 ] || problem="$problem; there is half a file"
simulate stopped.h5 1 --json --record V_m,I_syn_in --neurons E:0-1 > out 2> err ||
  problem="$problem; $(cat err)"
digest stopped_traces.h5
[ "$digest" = "$want_traces" ] || problem="$problem; other traces: $digest"
! grep -q '"simulated_ms": 60000.0,' out || problem="$problem; did not go on"
expect_whole stopped.h5
result 'SIGINT keeps what there is; the next run goes on' "$problem"

problem=
become twice.h5 1 2> err &
pid=$!
while [ ! -e twice.h5.parts ] && kill -0 $pid; do sleep 0.01; done 2> /dev/null
simulate twice.h5 1 2> err2
[ $? -eq 1 ] && grep -q 'another run' err2 || problem="the second run: $(cat err2)"
wait $pid || problem="$problem; the first run: $(cat err)"
expect_whole twice.h5
result 'two runs into one file: the second is refused' "$problem"

problem=
kill_after_parts 3 KILL damaged.h5
printf x | dd of=damaged.h5.parts/part-000002.h5 bs=1 seek=3000 conv=notrunc 2> err
simulate damaged.h5 2 --json > out 2> err || problem=$(cat err)
grep -q '"simulated_ms": 60000.0,' out || problem="$problem; went on from a damaged part"
grep -q 'damaged.h5.parts: the checkpoint lacks some of its parts' out ||
  problem="$problem; no warning in $(cat out)"
expect_whole damaged.h5
result 'a damaged part is not used' "$problem"

problem=
kill_after_parts 3 KILL other.h5
simulate other.h5 2 --seed 7 --json > out 2> err || problem=$(cat err)
grep -q '"simulated_ms": 60000.0,' out || problem="$problem; went on from another network"
grep -q 'the checkpoint is of another model' out || problem="$problem; no warning in $(cat out)"
digest other.h5
[ "$digest" != "$want" ] || problem="$problem; another seed, the same spikes"
[ ! -e other.h5.parts ] || problem="$problem; left a folder"
result 'a checkpoint of another network is not used' "$problem"
# the LFP while the network runs: as of the written spikes; then alone, killed
problem=
set -- --set lfp.method=neuron --set lfp.kernel_duration_ms=60
"$meso" kernels "$src/data/models/toy.yaml" "$@" -o kernels.h5 --quiet 2> err || problem=$(cat err)
"$meso" lfp "$src/data/models/toy.yaml" "$@" --set simulation.duration_ms=60000 --quiet \
  --spikes undisturbed.h5 --kernels kernels.h5 -o after.h5 2> err || problem="$problem; $(cat err)"
digest after.h5
want=$digest
[ ${#want} -eq 64 ] || problem="$problem; $want"
kill_often live.h5 "$@" --lfp kernels.h5 --no-spikes
expect_whole live.h5
result "the LFP alone, killed $kills times: that of the spikes" "$problem"

# a checksum within the checkpoint is damaged: the LFP and the network start anew
problem=
become state.h5 2 "$@" --lfp kernels.h5 --no-spikes 2> err &
pid=$!
while [ ! -e state.h5.parts/live-000002.h5 ] && kill -0 $pid 2> /dev/null; do sleep 0.01; done
kill -9 $pid 2> /dev/null
wait $pid
sum=$(sha256sum state.h5.parts/live-000001.h5 | cut -d ' ' -f 1)
LC_ALL=C sed "s/$sum/$(echo "$sum" | tr 0-9a-f 1-9a-f0)/" state.h5.parts/checkpoint.h5 > edited
! cmp -s edited state.h5.parts/checkpoint.h5 || problem="$problem; nothing to damage"
mv edited state.h5.parts/checkpoint.h5
simulate state.h5 2 "$@" --lfp kernels.h5 --no-spikes --json > out 2> err ||
  problem="$problem; $(cat err)"
grep -q 'state.h5.parts: the checkpoint is damaged: started anew' out ||
  problem="$problem; no warning in $(cat out)"
expect_whole state.h5
result 'a damaged checkpoint is not used' "$problem"
exit $bad
