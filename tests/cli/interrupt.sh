#!/bin/sh
# SIGINT and SIGTERM: exit codes, nothing half written, and a second run that goes on to the same
# results, as TAP. (That a second signal kills is in test_stop.)
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/cli/program.sh
. "$src/tests/cli/program.sh"
toy=$src/data/models/toy.yaml
network=$src/tests/reference/network/small_network.h5
MESOCAST_DATADIR=$src/data
export MESOCAST_DATADIR

# await COMMAND...: until it succeeds, while the process $pid lives, at most 60 s
await() {
  tries=0
  until "$@" 2> /dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 3000 ] && kill -0 $pid 2> /dev/null || return 1
    sleep 0.02
  done
}

# stopped SIGNAL CODE PATTERN ARGUMENTS...: sends the signal once stderr has the pattern; leaves the
# problem, if any, in $problem
stopped() {
  signal=$1
  wanted=$2
  pattern=$3
  shift 3
  : > err
  "$meso" "$@" --progress --json > out 2> err &
  pid=$!
  await grep -q "$pattern" err || echo "# $*: never said $pattern"
  kill -"$signal" $pid 2> /dev/null
  wait $pid
  got=$?
  problem=
  [ $got -eq "$wanted" ] || problem="exit code $got, not $wanted: $(tail -n 1 err)"
  tail -n 1 err | grep -q "stopped by SIG$signal" || problem="$problem; last line: $(tail -n 1 err)"
  grep -q "\"exit_code\": $wanted," out || problem="$problem; $(cat out)"
  left=$(find . -name '*.tmp')
  [ -z "$left" ] || problem="$problem; left $left"
}

# absent FILE...: adds to the problem what is there
absent() {
  for file; do
    [ ! -e "$file" ] || problem="$problem; there is a $file"
  done
}

# same A B FILE...: digests of the files of two folders; adds to the problem
same() {
  one=$1
  other=$2
  shift 2
  for file; do
    x=$("$meso" info --digest "$one/$file") && [ ${#x} -eq 64 ] &&
      [ "$x" = "$("$meso" info --digest "$other/$file")" ] || problem="$problem; $file differs"
  done
}

# until_stop NETWORK FILE: FILE has the spikes of NETWORK until some time; adds to the problem
until_stop() {
  until_ms=$("$meso" info "$2" | sed -n 's/.* 0 to \([0-9.]*\) ms.*/\1/p' | head -n 1)
  case $1 in
    *.yaml) duration="--set simulation.duration_ms=$until_ms" ;;
    *) duration="--duration-ms $until_ms" ;;
  esac
  # shellcheck disable=SC2086
  "$meso" simulate "$1" $duration -o short.h5 --quiet || problem="$problem; cannot run $until_ms ms"
  [ "$("$meso" info --digest short.h5)" = "$("$meso" info --digest "$2")" ] ||
    problem="$problem; $2: not the spikes until $until_ms ms"
}

run="run $toy --set simulation.duration_ms=60000"
# shellcheck disable=SC2086  # no blanks in the path of a test
set -- $run
echo 1..6
stopped INT 130 'simulate:' "$@" -o out1
absent out1/spikes.h5 out1/report.html
[ -e out1/spikes_stopped.h5 ] || problem="$problem; no spikes until the stop"
result 'run: SIGINT in the simulation' "$problem"

"$meso" "$@" -o undisturbed --quiet || echo '# the undisturbed run failed'
problem=
"$meso" "$@" -o out1 --quiet 2> err || problem=$(cat err)
absent out1/spikes_stopped.h5
same out1 undisturbed spikes.h5 currents.h5 kernels.h5 lfp.h5 bold.h5 analysis.h5
"$meso" verify out1 --quiet 2> err || problem="$problem; $(cat err)"
result 'run again: the digests of an undisturbed run' "$problem"

stopped TERM 143 'figures:' "$@" -o out1 --set compare.measured=ecker2010_v1_awake
result 'run: SIGTERM in the report' "$problem"
problem=
"$meso" "$@" -o out1 > out 2> err || problem=$(cat err)
made=$(awk '$2 == "made" { printf "%s ", $1 }' out)
[ "$made" = 'report ' ] || problem="$problem; made $made"
"$meso" verify out1 --quiet 2> err || problem="$problem; $(cat err)"
result 'run again: stages before the signal are kept' "$problem"

stopped TERM 143 'simulate:' simulate "$toy" \
  --set simulation.duration_ms=600000 -o spikes.h5
absent spikes.h5
until_stop "$toy" spikes_stopped.h5
result 'simulate a model' "$problem"
rm -f spikes_stopped.h5
stopped INT 130 'simulate:' simulate "$network" --duration-ms 10000000 -o spikes.h5
absent spikes.h5
result 'simulate a network' "$problem"

exit $bad
