#!/bin/sh
# Explicit populations from the command line: signals, threads, exit codes. As TAP.
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/cli/program.sh
. "$src/tests/cli/program.sh"
population=$src/tests/reference/lfp/population_reference.h5
model=$src/data/models/toy.yaml
echo 1..12
code 'one thread' 0 '' lfp "$population" --method compartment --threads 1 -o one.h5
code 'three threads, method by the file' 0 '' lfp "$population" --threads 3 -o three.h5
one=$("$meso" info --digest one.h5)
problem=
[ ${#one} -eq 64 ] && [ "$one" = "$("$meso" info --digest three.h5)" ] || problem='digests differ'
result 'threads do not matter' "$problem"
problem=
for signal in lfp csd dipole; do
  "$meso" info one.h5 | grep -q "$signal" || problem="no $signal"
done
result 'three signals' "$problem"
code 'second order' 0 '' lfp "$population" --scheme crank_nicolson -o second.h5
problem=
"$meso" info "$population" | grep -q population || problem=$("$meso" info "$population")
result 'info knows the kind' "$problem"
code 'a population has no kernels' 2 'model files' lfp "$population" --method population -o no.h5
code 'a model needs spikes' 2 'spikes with --spikes' lfp "$model" --method compartment -o no.h5
code 'a population has its events' 2 'synaptic events' lfp "$population" --spikes one.h5 -o no.h5
code 'not a population' 3 soma_position lfp one.h5 -o no.h5
code 'no such file' 3 missing.h5 lfp missing.h5 --method compartment -o no.h5
left=$(find . -name 'no*')
result 'refused runs leave nothing' "$left"
exit $bad
