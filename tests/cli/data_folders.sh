#!/bin/sh
# Where morphologies and published numbers are found: never by the current directory. As TAP.
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/cli/program.sh
. "$src/tests/cli/program.sh"
unset MESOCAST_DATADIR

# A source tree with the program built in its folder build, a model outside of it that names files
# which no installed version has, and another folder to be in.
mkdir -p tree/build tree/morphologies tree/data/measured lone/program lone/model elsewhere
cp "$build/mesocast" tree/build
cp "$build/mesocast" lone/program
cp "$src/morphologies/ball_and_stick.swc" tree/morphologies/own_stick.swc
cp "$src/morphologies/basket.swc" tree/morphologies/own_basket.swc
cp "$src/data/measured/spikes.yaml" tree/data/measured/own_numbers.yaml
sed 's/ball_and_stick.swc/own_stick.swc/; s/basket.swc/own_basket.swc/' \
  "$src/data/models/toy.yaml" > lone/model/toy.yaml
model=$work/lone/model/toy.yaml
"$build/mesocast" simulate "$model" --quiet --set simulation.duration_ms=1000 -o spikes.h5 &&
  "$build/mesocast" analyze statistics spikes.h5 --quiet -o analysis.h5 || exit 99

# works NAME COMMAND...
works() {
  name=$1
  shift
  problem=
  "$@" > out 2> err || problem=$(cat err)
  result "$name" "$problem"
}

# fails NAME WORDS COMMAND...: exit 3 with one line that has every word and not one of $never
fails() {
  name=$1
  words=$2
  shift 2
  problem=
  "$@" > out 2> err
  got=$?
  [ $got -eq 3 ] || problem="exit code $got, not 3: $(cat err)"
  for word in $words; do
    grep -qF -- "$word" err || problem="$problem; no \"$word\" in: $(cat err)"
  done
  result "$name" "$problem"
}

echo 1..10
cd elsewhere || exit 99
own=tree/build/mesocast
works 'morphologies of an uninstalled program' "../$own" kernels "$model" -o k1.h5
works 'published numbers of an uninstalled program' \
  "../$own" compare ../analysis.h5 --measured own_numbers
lone=../lone/program/mesocast
line=$(grep -n 'own_stick.swc' "$model" | head -n 1 | cut -d : -f 1)
fails 'no morphology: file, line, key, folders' \
  "toy.yaml:$line: cells.stick.morphology own_stick.swc searched $work/lone/model" \
  $lone kernels "$model" -o k2.h5
fails 'no published number' 'no published' $lone compare ../analysis.h5 --measured own_numbers
MESOCAST_DATADIR=$work/tree/data
export MESOCAST_DATADIR
works 'morphologies of MESOCAST_DATADIR' $lone kernels "$model" -o k3.h5
works 'published numbers of MESOCAST_DATADIR' $lone compare ../analysis.h5 --measured own_numbers
unset MESOCAST_DATADIR
cd ../tree || exit 99
fails 'published numbers below the current directory are not looked at' 'no published' \
  $lone compare ../analysis.h5 --measured own_numbers
cd morphologies || exit 99
fails 'morphologies in the current directory are not looked at' own_stick.swc \
  ../$lone kernels "$model" -o k4.h5
cp ./*.swc "$work/lone/model"
cd ../../elsewhere || exit 99
works 'morphologies beside the model' $lone kernels "$model" -o k5.h5
problem=
for k in k3 k5; do
  [ "$(../$own info --digest k1.h5)" = "$(../$own info --digest $k.h5)" ] || problem="$k.h5 differs"
done
result 'the same kernels wherever the files are' "$problem"
exit $bad
