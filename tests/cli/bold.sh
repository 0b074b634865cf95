#!/bin/sh
# BOLD by the command: a drive read back from a file, a series that is no drive yet, images, all
# drives, connectivity; and what goes wrong. As TAP.
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/cli/program.sh
. "$src/tests/cli/program.sh"
model=$src/data/models/toy.yaml
golden=$src/tests/reference/analysis/bold_reference.h5
"$meso" simulate "$model" --quiet --set simulation.duration_ms=8000 -o spikes.h5 || exit 99

# works NAME WORDS COMMAND...: exit 0, and its output has every word
works() {
  name=$1
  words=$2
  shift 2
  problem=
  "$@" > out 2>&1 || problem=$(cat out)
  for word in $words; do
    grep -q -e "$word" out || problem="$problem
no $word in: $(cat out)"
  done
  result "$name" "$problem"
}

# fails NAME CODE WORDS COMMAND...: that exit code, one line that has every word
fails() {
  name=$1
  code=$2
  words=$3
  shift 3
  problem=
  "$@" > out 2> err
  status=$?
  [ "$status" -eq "$code" ] || problem="exit $status"
  for word in $words; do
    grep -q -e "$word" err || problem="$problem
no $word in: $(cat err)"
  done
  result "$name" "$problem"
}

# Largest value of BOLD in an answer of --json.
largest() { tr -d '\n' < "$1" | sed 's/.*"name": *"bold"//; s/.*"largest": *\([0-9.e+-]*\).*/\1/'; }

run_bold() { "$meso" bold "$@" --json; }

set -- --set simulation.duration_ms=8000
run_bold "$model" --spikes spikes.h5 "$@" -o bold.h5 > a.json
run_bold bold.h5 --model friston2003 --tr-s 0.5 -o again.h5 > b.json
[ -n "$(largest a.json)" ] && [ "$(largest a.json)" = "$(largest b.json)" ] || problem=$(cat a.json b.json)
result "the drive of a BOLD file gives the same BOLD" "${problem:-}"
"$meso" bold "$model" --spikes spikes.h5 "$@" --set bold.drive=rate --set bold.normalize=none \
  --set bold.gain=0.001 --quiet -o rate.h5 || exit 99
works "a series that is no drive yet" "" "$meso" bold rate.h5 --base-start-s 0.5 \
  --base-stop-s 1.5 --gain 0.05 --tr-s 0.5 --json -o series.h5
run_bold "$model" --spikes spikes.h5 "$@" --set bold.drive=rate --set bold.gain=0.05 -o rate2.h5 > b.json
[ "$(largest out | cut -c 1-14)" = "$(largest b.json | cut -c 1-14)" ] ||
  problem="$(largest out) $(largest b.json)"
result "it is the drive that the model makes of it" "${problem:-}"
fails "a series whose baseline is 0" 3 "baseline mean" "$meso" bold "$golden" \
  --base-stop-s 4 --tr-s 1 -o none.h5
awk 'BEGIN { print "time_ms,V1,V2"; for (k = 0; k < 300; k++)
  print 100 * k "," (k < 10 ? 0.1 : 0) "," 0 }' > table_drive.csv
works "a drive from a table" "no.units bold.h5" "$meso" bold table_drive.csv --tr-s 1 --json \
  -o table_bold.h5
sed 's/^300,0.1/300,much/' table_drive.csv > bad_drive.csv
fails "a table with a word in it" 3 "bad_drive.csv:5: column 2 (V1): 'much'" "$meso" bold \
  bad_drive.csv --tr-s 1 -o none.h5
works "every drive, and why there is one less" "rate_bold synapse_depth_bold gating_drive \
  multi_area_bold warning lfp_power needs.an.LFP" "$meso" bold "$model" --spikes spikes.h5 \
  --compare-drives "$@" --json -o drives.h5
works "drives beyond the model's range" "rate_bold:.blood" "$meso" bold "$model" --spikes spikes.h5 \
  --compare-drives "$@" --set bold.gain=8 -o strong.h5
works "an image, its sidecar" "image.nii.gz image.json" "$meso" bold "$golden" --tr-s 2 \
  --anti-alias --slice-offset-s 0.4 --noise-white 0.001 --nifti image.nii.gz --json -o noisy.h5
cp image.nii.gz first.nii.gz
"$meso" bold "$golden" --tr-s 2 --anti-alias --slice-offset-s 0.4 --noise-white 0.001 --threads 3 \
  --quiet --nifti image.nii.gz -o noisy.h5 2> /dev/null
result "the image is the same for any number of threads" "$(cmp first.nii.gz image.nii.gz 2>&1)"
works "spikes of another seed" "seed.1 another.network" "$meso" bold "$model" --spikes spikes.h5 \
  "$@" --seed 2 -o other.h5
"$meso" bold "$golden" --tr-s 2 --table bold.tsv --quiet -o table.h5 2> /dev/null
[ "$(head -n 1 bold.tsv)" = "$(printf 'time_s\tchannel 1\tchannel 2\tchannel 3\tchannel 4')" ] &&
  [ "$(wc -l < bold.tsv)" -eq 32 ] && [ "$(sed -n '3s/\t.*//p' bold.tsv)" = 2 ] ||
  problem=$(head -n 3 bold.tsv)
result "a table" "${problem:-}"
cp "$model" here.yaml
printf '0 0\n2 1\n8 0\n' > response.txt
mkdir elsewhere
cd elsewhere || exit 99
works "a response function beside the model file" "" "$meso" bold ../here.yaml --spikes \
  ../spikes.h5 "$@" --set bold.model=hrf_file --set "bold.parameters=file=response.txt" \
  --json -o ../response.h5
cd "$work" || exit 99
works "it is an input of the output" "response.txt" grep -a -o "[a-z./]*response.txt" response.h5
fails "no response function" 3 "bold.parameters file=NAME" "$meso" bold here.yaml --spikes \
  spikes.h5 --set bold.model=hrf_file -o none.h5
fails "a response function that is not there" 3 "nothing.txt" "$meso" bold here.yaml \
  --spikes spikes.h5 --set bold.model=hrf_file --set "bold.parameters=file=nothing.txt" -o none.h5
fails "a run without its response function" 3 "bold.parameters file=NAME" "$meso" run \
  here.yaml --set bold.model=hrf_file -o none.h5
fails "a parameter that the model lacks" 3 "bold.parameters kappa_per_s" "$meso" bold \
  here.yaml --spikes spikes.h5 --set "bold.parameters=kapa_per_s=1" -o none.h5
"$meso" bold here.yaml "$golden" --tr-s 2 --set bold.parameters=E0=0.5 --quiet -o e0.h5
"$meso" bold "$golden" --model friston2003 --tr-s 2 --set E0=0.5 --quiet -o e1.h5
[ "$("$meso" info e0.h5 --digest | cut -c 1-64)" = \
  "$("$meso" info e1.h5 --digest | cut -c 1-64)" ] || problem="another BOLD"
result "a drive goes through the model file's parameters" "${problem:-}"
fails "a gain without effect" 2 "gain base-stop-s" "$meso" bold "$golden" --gain 2 -o none.h5
fails "a gain beside the model's" 2 "gain section" "$meso" bold here.yaml --spikes spikes.h5 \
  --gain 2 -o none.h5
fails "a task without an image" 2 "task nifti" "$meso" bold "$golden" --task rest -o none.h5
fails "a seed of no noise" 2 "noise-seed noise-white" "$meso" bold "$golden" --noise-seed 3 \
  -o none.h5
fails "a step that the drive has itself" 2 "dt-s sampling" "$meso" bold bold.h5 --dt-s 0.1 \
  -o none.h5
fails "a table of another kind" 2 "csv" "$meso" bold "$golden" --table x.txt -o none.h5
works "connectivity" "connectivity/dynamics" "$meso" analyze connectivity noisy.h5 \
  --window-s 20 --window-step-s 4 --json -o fc.h5
fails "a negative TR" 2 "tr_s -1" "$meso" bold "$golden" --tr-s -1 -o none.h5
fails "a TR finer than the drive" 3 "finer" "$meso" bold "$golden" --tr-s 0.004 -o none.h5
fails "a TR finer than the model's drive" 3 "TR_s dt_s" "$meso" bold "$model" --tr-s 0.005 \
  --spikes spikes.h5 -o none.h5
works "flow beyond the model" "resting" "$meso" bold "$golden" --tr-s 1 -o strong.h5
fails "an atlas without an image" 2 "nifti" "$meso" bold "$golden" --atlas x.nii -o none.h5
fails "an image of another kind" 2 "nii" "$meso" bold "$golden" --nifti x.img -o none.h5
fails "drives of a drive" 2 "spikes" "$meso" bold "$golden" --compare-drives -o none.h5
fails "LFP power without an LFP" 3 "lfp_power LFP" "$meso" bold "$model" --spikes spikes.h5 "$@" \
  --set bold.drive=lfp_power -o none.h5
[ ! -e none.h5 ]
result "what fails writes nothing" "$(ls none.h5 2> /dev/null)"
echo "1..$n"
exit "$bad"
