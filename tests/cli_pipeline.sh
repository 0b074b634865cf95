#!/bin/sh
# The run command: stages, second run, what a changed key or a damaged file makes again. TAP.
builddir=${MESO_BUILDDIR:-.}
srcdir=${MESO_SRCDIR:-.}
mesocast=$builddir/mesocast
case $mesocast in /*) ;; *) mesocast=$(pwd)/$mesocast ;; esac
model=$srcdir/data/models/toy.yaml
case $model in /*) ;; *) model=$(pwd)/$model ;; esac
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
n=0
result() { # result STATUS NAME
  n=$((n + 1))
  if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; sed 's/^/# /' log; fi
}
# stages made by a run, in one line; fails as the run fails
made() {
  "$mesocast" run "$model" -o out "$@" >log 2>&1 || return 1
  awk '$2 == "made" { printf "%s ", $1 }' log
}
expect() { # expect NAME STAGES ARGS...
  name=$1 want=$2
  shift 2
  got=$(made "$@") && [ "$got" = "$want" ]
  result $? "$name: made '$got', want '$want'"
}

# refused NAME WORDS ARGS...: exit 3 with these words, nothing simulated, no folder left
refused() {
  name=$1 words=$2
  shift 2
  : >log
  "$mesocast" run "$model" -o new/folder --progress "$@" 2>log
  [ $? -eq 3 ] && grep -q "$words" log && ! grep -q 'simulate:' log && [ ! -e new ]
  result $? "$name"
}

echo 1..29
refused 'a published number that is not there' 'compare.measured.*rate_L99E' \
  --set compare.measured=rate_L99E --set simulation.duration_ms=1000000
refused 'a forward model that is not there' 'bold.model = no_such' \
  --set bold.model=no_such --set simulation.duration_ms=1000000
refused 'a missing morphology' 'cells.stick.morphology = none.swc' \
  --set cells.stick.morphology=none.swc --set simulation.duration_ms=1000000
refused 'a section type that is not there' 'axons' \
  --set cells.stick.sections=axons --set simulation.duration_ms=1000000
refused 'an output rate between the steps of the kernels' 'lfp.output_rate_Hz = 333' \
  --set lfp.output_rate_Hz=333 --set simulation.duration_ms=1000000
mkdir kept && "$mesocast" run "$model" -o kept/new --set cells.stick.morphology=no.swc 2>log
[ -d kept ] && [ ! -e kept/new ]
result $? "folders from before a run that failed stay"
rmdir kept

# Temporary files of a process that is gone are removed, those of a living one and others are not.
sleep 0 &
gone=$!
wait $gone
mkdir -p out/figures
touch "out/lfp.h5.$gone-0.tmp" "out/figures/lfp.png.$gone-3.tmp" "out/lfp.h5.$$-0.tmp" \
  out/notes.tmp "out/x.$gone-.tmp" "out/$gone-0.tmp"
expect "first run" "kernels simulate currents lfp bold analysis report "
[ ! -e "out/lfp.h5.$gone-0.tmp" ] && [ ! -e "out/figures/lfp.png.$gone-3.tmp" ] &&
  [ -e "out/lfp.h5.$$-0.tmp" ] && [ -e out/notes.tmp ] && [ -e "out/x.$gone-.tmp" ] &&
  [ -e "out/$gone-0.tmp" ]
result $? "temporary files of a process that is gone are removed"
rm out/*.tmp
[ -s out/report.html ] && [ -s out/figures/raster.svg ] && [ -s out/figures/raster.png ]
result $? "report and figures are there"
grep -q '<svg' out/report.html && ! grep -Eq '(src|href)="https?://' out/report.html
result $? "figures are inline and nothing is loaded from a network"
cp out/spikes.h5 first.h5
expect "second run" ""
find out -type f -exec touch {} +
expect "touched files" ""
expect "changed BOLD key" "bold analysis report " --set bold.gain=2
expect "changed back" "bold analysis report "
printf x >>out/lfp.h5
expect "damaged lfp.h5" "lfp "
printf x >>out/figures/lfp.png
expect "changed figure" "report "
rm -r out/figures
expect "figures removed" "report "
[ -s out/figures/lfp.png ] && "$mesocast" verify out >log 2>&1
result $? "figures are there again"
n_inputs=$(awk '/"report": \{/ { inside = 1 } inside && /\.h5": "[0-9a-f]*"/ { n++ }
  END { print n + 0 }' out/stages.json)
[ "$n_inputs" -eq 6 ] || echo "$n_inputs inputs" >log
[ "$n_inputs" -eq 6 ]
result $? "all inputs of the report are in the record"
rm out/kernels.h5
expect "missing kernels.h5" "kernels "
expect "one thread" "" --threads 1
mkdir pipe && mkfifo pipe/stages.json
timeout 60 "$mesocast" run "$model" -o pipe >log 2>&1
[ $? -eq 3 ] && grep -q 'pipe/stages.json' log
result $? "a pipe in the place of the record is refused"
rm -rf out
made --threads 1 >/dev/null &&
  made --threads 1 --spikes first.h5 -o imported >/dev/null &&
  grep -q 'One-way: the field acts on no neuron. Its largest amplitude.* V/m' imported/report.html &&
  grep -q 'Connectivity of this LFP: mean of the wiring' imported/report.html &&
  grep -q 'imported' imported/report.html && [ ! -e imported/spikes.h5 ]
result $? "imported spikes"
made --set simulation.duration_ms=1000 -o short >/dev/null &&
  grep -q 'too short for BOLD' short/report.html
result $? "a short recording says why BOLD is empty"
made --set analysis.window=spontaneous -o calm >/dev/null &&
  grep -q 'are of 100 to 1500 ms: spontaneous activity' calm/report.html &&
  grep -q 'are of 100 to [0-9]* ms: stimulated' imported/report.html
result $? "a window of spontaneous activity ends at the first onset, and the report says so"
shapes=$("$mesocast" info --json calm/analysis.h5 | tr -d ' \n' |
  grep -o '"path":"[^"]*psd","units":"[^"]*","shape":\[[0-9,]*' | sort | sed 's/.*path":"//')
made --set analysis.nperseg=512 -o calm >/dev/null
again=$("$mesocast" info --json calm/analysis.h5 | tr -d ' \n' |
  grep -o '"path":"[^"]*psd","units":"[^"]*","shape":\[[0-9,]*' | sort | sed 's/.*path":"//')
[ "$(echo "$shapes" | grep -c ',513$')" -eq 2 ] && [ "$(echo "$again" | grep -c ',257$')" -eq 2 ]
result $? "segments reach both spectra: $again"
made --set scaling.N=0.5 -o small >/dev/null &&
  grep -q 'scaled to N = 0.5, K = 1; correlations are not those' small/report.html &&
  grep -aq 'scaled to N = 0.5' small/spikes.h5 && ! grep -q 'scaled to' calm/report.html
result $? "a scaled model says so"
made --set simulation.duration_ms=12000 -o long >/dev/null &&
  grep -q 'whole stimulus blocks' long/report.html &&
  [ -s long/figures/bold.svg ]
result $? "a long recording has a BOLD response"
made --set lfp.method=neuron --set analysis.cause_surrogates=2 --set analysis.cause_ms=3000 \
  --set simulation.duration_ms=4000 -o cause >/dev/null &&
  grep -q 'What makes this LFP coherent (100 to 3100 ms): without any' cause/report.html &&
  grep -q 'Connectivity of this LFP: true wiring' cause/report.html &&
  grep -q 'Synapses of the cells that make the LFP</h2>' cause/report.html &&
  [ -s cause/figures/cause.png ] && [ ! -e calm/figures/cause.png ] &&
  [ "$(made --set lfp.method=neuron --set analysis.cause_surrogates=0 --set \
    simulation.duration_ms=4000 -o cause)" = "analysis report " ] &&
  ! grep -q 'What makes this LFP coherent' cause/report.html
result $? "the cause of coherence is in the report of neuron kernels, unless it is not asked for"
