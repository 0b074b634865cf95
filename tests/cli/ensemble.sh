#!/bin/sh
# Ensembles of the LFP by `run` and by their own command: the same numbers, kept when nothing
# changed, in the report, going on after a kill. As TAP.
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/tap.sh
. "$src/tests/tap.sh"
build=$(CDPATH='' cd -- "${MESO_BUILDDIR:-.}" && pwd) || exit 99
[ -x "$build/mesocast" ] || { echo "Bail out! no program $build/mesocast"; exit 99; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
mesocast=$build/mesocast
model=$src/data/models/toy.yaml
set -- --set simulation.duration_ms=2000 --set lfp.method=neuron --set lfp.n_cells=40 \
  --set probe.n_contacts=3 --set probe.z_step_um=-300 --set lfp.ensemble=2 \
  --set analysis.nperseg=256 --set bold.baseline_stop_s=1

digest() { "$mesocast" info "$1" --digest | grep -o '[0-9a-f]\{64\}'; }

problem=
"$mesocast" run "$model" "$@" -o run > out 2>&1 || problem=$(cat out)
for word in "Assumptions nobody measured" "2 redraws" "contacts"; do
  grep -q "$word" run/report.html || problem="$problem
no $word in the report"
done
for file in run/ensemble.h5 run/figures/ensemble.png; do
  [ -s "$file" ] || problem="$problem
no $file"
done
[ ! -e run/ensemble.h5.parts ] || problem="$problem
parts are left"
result "run makes an ensemble and says what came out" "$problem"

problem=
"$mesocast" run "$model" "$@" -o run > out 2>&1 || problem=$(cat out)
grep -q "ensemble *kept" out || problem="$problem$(cat out)"
grep -q " made" out && problem="$problem$(cat out)"
"$mesocast" verify run > out 2>&1 || problem="$problem$(cat out)"
result "and keeps it" "$problem"

problem=
"$mesocast" ensemble "$model" "$@" run/spikes.h5 -o e.h5 --threads 3 > out 2>&1 || problem=$(cat out)
grep -q "most of it from" out || problem="$problem$(cat out)"
[ "$(digest e.h5)" = "$(digest run/ensemble.h5)" ] || problem="$problem other numbers"
result "the command gives the same, on other threads" "$problem"

problem=
"$mesocast" ensemble "$model" "$@" run/spikes.h5 -o k.h5 > out 2>&1 &
pid=$!
tries=0
while [ ! -e k.h5.parts/member-rotation-1.h5 ] && [ $tries -lt 600 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
kill -9 $pid
wait $pid 2> /dev/null
[ ! -e k.h5 ] || problem="it was too fast to be killed"
"$mesocast" ensemble "$model" "$@" run/spikes.h5 -o k.h5 > out 2>&1 || problem="$problem$(cat out)"
[ "$(digest k.h5)" = "$(digest run/ensemble.h5)" ] || problem="$problem other numbers"
[ ! -e k.h5.parts ] || problem="$problem parts are left"
result "killed, it goes on and ends with the same numbers" "$problem"

problem=
"$mesocast" ensemble "$model" --set lfp.ensemble=2 run/spikes.h5 -o x.h5 > out 2>&1
[ $? -eq 3 ] || problem="not refused"
grep -q "lfp.ensemble = 2.*needs lfp.method = neuron" out || problem="$problem$(cat out)"
"$mesocast" run "$model" "$@" --set lfp.ensemble=0 -o run > out 2>&1 || problem="$problem$(cat out)"
grep -q "ensemble" out && problem="$problem$(cat out)"
"$mesocast" report run > out 2>&1 || problem="$problem$(cat out)"
grep -q "Assumptions nobody" run/report.html && problem="$problem the report still has it"
result "refused for population kernels; without the key there is none" "$problem"

echo "1..$n"
exit $bad
