#!/bin/sh
# Exit codes and messages of the program, and what it must never leave behind, as TAP.
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/cli/program.sh
. "$src/tests/cli/program.sh"
toy=$src/data/models/toy.yaml
network=$src/tests/reference/network/small_network.h5
# code NAME WANTED ARGUMENTS...: the exit code, and nothing but one line on stderr if it is not 0
code() {
  name=$1
  wanted=$2
  shift 2
  problem=
  "$meso" "$@" > out 2> err
  got=$?
  [ "$got" -eq "$wanted" ] || problem="exit code $got, not $wanted: $(cat err)"
  lines=$(wc -l < err)
  [ "$wanted" -eq 0 ] || [ "$lines" -eq 1 ] || problem="$problem; $lines lines on stderr"
  result "$name" "$problem"
}

# refused NAME WORDS ARGUMENTS...: exit 3 with one line that has every word
refused() {
  name=$1
  words=$2
  shift 2
  problem=
  "$meso" "$@" -o refused.h5 > out 2> err
  got=$?
  [ "$got" -eq 3 ] || problem="exit code $got, not 3: $(cat err)"
  [ "$(wc -l < err)" -eq 1 ] || problem="$problem; not one line on stderr"
  for word in $words; do
    grep -qF -- "$word" err || problem="$problem; no \"$word\" in: $(cat err)"
  done
  for left in refused.h5*; do
    [ ! -e "$left" ] || problem="$problem; left $left"
  done
  rm -f refused.h5*
  result "$name" "$problem"
}

# same NAME FILE FILE: equal datasets and attributes outside /provenance
same() {
  a=$("$meso" info --digest "$2" 2>&1)
  b=$("$meso" info --digest "$3" 2>&1)
  [ ${#a} -eq 64 ] && [ "$a" = "$b" ] && a=
  result "$1" "$a"
}

# edited NAME SED-SCRIPT: a copy of the toy model with a change that must be one
edited() {
  sed "$2" "$toy" > "$1"
  cmp -s "$toy" "$1" && { echo "Bail out! $1 is not edited"; exit 99; }
}

echo 1..57
code 'no arguments' 2
code 'unknown command' 2 simulat
code 'unknown option' 2 simulate "$toy" --thread 2 -o x.h5
code 'no output file' 2 simulate "$toy"
code 'no spikes and no LFP' 2 simulate "$toy" --no-spikes -o x.h5
code 'two names for the LFP' 2 \
  simulate "$toy" --lfp k.h5 --lfp-out y.h5 --no-spikes -o x.h5
: > k_lfp.h5
: > trials.csv
code 'the LFP over its kernels' 2 simulate "$toy" --lfp k_lfp.h5 -o k.h5
code 'the LFP over the traces' 2 \
  simulate "$toy" --record V_m --traces t.h5 --lfp k_lfp.h5 --lfp-out ./t.h5 -o x.h5
code 'a table over the result' 2 analyze statistics x.h5 -o x.csv --csv ./x.csv
code 'a table over the list of trials' 2 analyze trials x.h5 --trials trials.csv --csv trials.csv
rm k_lfp.h5 trials.csv
for csv in a.txt -; do code "a table called $csv" 2 analyze statistics x.h5 --csv $csv; done
code 'a list into a file' 2 analyze --list -o x.h5
code 'a list into a table' 2 analyze --list --csv x.csv
code 'threads 0' 2 simulate "$toy" --threads 0 -o x.h5
code 'unknown analysis' 2 analyze statistic x.h5 -o y.h5
code 'seed and simulation.seed differ' 2 simulate "$toy" --seed 1 --set simulation.seed=2 -o x.h5
code 'set without a value' 2 simulate "$toy" --set simulation.seed -o x.h5
code 'help' 0 help
code 'version' 0 --version

mkdir folder
head -c 3000 "$network" > truncated.h5
printf 'not HDF5\n' > text.h5
edited typo.yaml 's/^  tau_m_ms: /  tau_ms: /'
edited required.yaml 's/^  duration_ms: /  duraton_ms: /'
edited negative.yaml 's/^  tau_m_ms: .*/  tau_m_ms: -10/'
edited contacts.yaml 's/n_contacts: *[0-9]*/n_contacts: 0/'
edited nam.yaml 's/^name: /nam: /'
edited nan.yaml 's/^  C_m_pF: .*/  C_m_pF: .nan/'
refused 'missing model' missing.yaml simulate missing.yaml
refused 'kernels that are not there' k.h5 simulate "$toy" --lfp k.h5
refused 'LFP into no folder' '--lfp-out nodir/' simulate "$toy" --lfp k.h5 --lfp-out nodir/x.h5
refused 'traces into no folder' '--traces nodir/' simulate "$toy" --record V_m --traces nodir/x.h5
refused 'a table into no folder' '--csv nodir/' analyze statistics missing.h5 --csv nodir/x.csv
refused 'tables into no folder' '--csv nodir/' analyze statistics missing.h5 --csv nodir/x/
refused 'a table without a name' '--csv' analyze statistics missing.h5 --csv ''
refused 'an image into no folder' '--nifti nodir/' bold missing.h5 --nifti nodir/x.nii
refused 'BOLD as a table into no folder' '--table nodir/' bold missing.h5 --table nodir/x.csv
refused 'missing network' missing.h5 simulate missing.h5
refused 'missing spikes' missing.h5 analyze statistics missing.h5
refused 'directory as a network' folder simulate folder
refused 'directory as signals' folder analyze spectrum folder
refused 'truncated HDF5' truncated.h5 simulate truncated.h5
refused 'truncated drive' truncated.h5 bold truncated.h5
refused 'text as HDF5' text.h5 analyze spectrum text.h5
refused 'misspelt key' 'typo.yaml neuron.tau_ms tau_m_ms' simulate typo.yaml
refused 'misspelt key that is required' 'required.yaml duraton_ms duration_ms' simulate required.yaml
refused 'misspelt name' 'nam.yaml nam: name' simulate nam.yaml
refused 'negative time constant' 'negative.yaml tau_m_ms -10' simulate negative.yaml
refused 'probe inside nothing' 'contacts.yaml n_contacts' simulate contacts.yaml
refused 'NaN' 'nan.yaml C_m_pF' simulate nan.yaml
refused 'NaN by --set' 'simulation.dt_ms' simulate "$toy" --set simulation.dt_ms=nan

# Blocks of 512 or 1024 bytes: less than the spikes need in either case.
(ulimit -f 16 && exec "$meso" simulate "$toy" -o big.h5) > out 2> err
got=$?
problem=
[ "$got" -eq 1 ] || problem="exit code $got, not 1: $(cat err)"
for left in big.h5*; do
  [ ! -e "$left" ] || problem="$problem; left $left"
done
result 'file size limit: exit 1, no file left' "$problem"

for t in 1 2 7; do
  "$meso" simulate "$toy" --threads $t --quiet -o t$t.h5 || echo "# simulate with $t threads failed"
done
printf '100\n500\n' > trials.csv
code 'trials of a file and of a period' 2 \
  analyze trials t1.h5 --trials trials.csv --trial-period-ms 1000 -o x.h5
same 'one and two threads: the same spikes' t1.h5 t2.h5
same 'one and seven threads: the same spikes' t1.h5 t7.h5
limit=$(($(nproc) > 8 ? $(nproc) : 8))
limit=$((limit + $(nproc) - 1)) # OpenBLAS starts its own when it is loaded; they sleep
"$meso" simulate "$toy" --threads 1000 --quiet -o many.h5 &
pid=$!
most=0
while kill -0 $pid 2> err; do
  threads=$(awk '$1 == "Threads:" { print $2 }' "/proc/$pid/status" 2> err)
  [ "${threads:-0}" -le $most ] || most=$threads
done
wait $pid
problem=
[ "$most" -le "$limit" ] || problem="$most threads, at most $limit expected"
result 'a thousand threads: no more than there is use for' "$problem"
same 'one and a thousand threads: the same spikes' t1.h5 many.h5
"$meso" simulate "$toy" --seed 2 --quiet -o seed.h5
problem=
[ "$("$meso" info --digest seed.h5)" != "$("$meso" info --digest t1.h5)" ] || problem='equal digests'
result 'another seed: other spikes' "$problem"
mv t2.h5 first.h5
"$meso" simulate "$toy" --threads 2 --quiet -o t2.h5
problem=
cmp first.h5 t2.h5 > out 2>&1 || problem=$(cat out)
result 'the same command line: the same bytes' "$problem"

"$meso" simulate "$network" --quiet -o network.h5
"$meso" info --json network.h5 > out
grep -q '"n_spikes": 18377,' out && problem= || problem=$(cat out)
result 'the small network fires 18377 spikes' "$problem"
code 'a silent model runs' 0 simulate "$toy" --set background.type=none --set thalamus.type=off \
  -o silent.h5
"$meso" info --json silent.h5 > out
grep -q '"n_spikes": 0,' out && problem= || problem=$(cat out)
result 'a silent model has no spikes' "$problem"

mkdir run
cp t1.h5 run/spikes.h5
sum=$(sha256sum run/spikes.h5 | cut -d ' ' -f 1)
stages=
for stage in kernels:kernels.h5 currents:currents.h5 lfp:lfp.h5 bold:bold.h5 analysis:analysis.h5 \
  report:report.html; do
  cp t1.h5 "run/${stage#*:}"
  stages="$stages, \"${stage%:*}\": {\"key\": \"0\", \"output\": \"${stage#*:}\", \"sha256\": \"$sum\"}"
done
record() {
  printf '{"stages": {"simulate": {"key": "0", "output": "spikes.h5", "sha256": "%s"}%s}}\n' \
    "$sum" "$1" > run/stages.json
}
record ''
code 'verify: stopped before its end' 3 verify run
record "$stages"
code 'verify: whole' 0 verify run
printf x >> run/spikes.h5
code 'verify: damaged' 3 verify run
exit $bad
