#!/bin/sh
# Explicit networks from the command line: models, what can be recorded, exit codes, the synapses of
# a model from a file. As TAP.
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/cli/program.sh
. "$src/tests/cli/program.sh"
reference=$src/tests/reference/network

echo 1..38
toy=$src/data/models/toy.yaml
"$meso" models > models.txt
for model in iaf_psc_exp iaf_psc_alpha iaf_psc_delta; do
  problem=
  grep -q "^  $model .*records V_m" models.txt || problem=$(cat models.txt)
  result "models lists $model" "$problem"
done
code 'alpha with all traces' 0 '' simulate "$reference/alpha_network.h5" \
  --record V_m,I_syn_ex,I_syn_in --neurons 3-5 -o alpha.h5
problem=
for name in V_m I_syn_ex I_syn_in; do
  "$meso" info alpha_traces.h5 | grep -q "$name" || problem="no $name in alpha_traces.h5"
done
result 'every trace is written' "$problem"
code 'delta with V_m' 0 '' simulate "$reference/delta_network.h5" --record V_m -o delta.h5
code 'delta has no currents' 3 iaf_psc_delta \
  simulate "$reference/delta_network.h5" --record I_syn_ex -o no.h5
code 'no model has this' 2 V_n simulate "$reference/delta_network.h5" --record V_m,V_n -o no.h5
code 'a neuron that is not there' 3 0-99 \
  simulate "$reference/delta_network.h5" --record V_m --neurons 99-100 -o no.h5
code 'shorter than a step, longer than half a step' 3 step \
  simulate "$reference/delta_network.h5" --duration-ms 0.06 -o no.h5
code 'shorter than a step' 3 step \
  simulate "$reference/delta_network.h5" --duration-ms 0.01 -o no.h5
code 'several ranges of a network' 0 '' \
  simulate "$reference/delta_network.h5" --record V_m --neurons 3,5-6,neurons:0 -o several.h5
code 'neurons of a model' 0 '' simulate "$toy" --set simulation.duration_ms=100 \
  --record V_m,I_syn_ex --neurons E:0-4,I:7,E:799 --traces model_traces.h5 -o model.h5
problem=
"$meso" info model_traces.h5 > model.txt
for name in V_m I_syn_ex; do
  grep -q "^  $name  *1000 times x 7 channels" model.txt || problem="$problem; $(cat model.txt)"
done
result 'the traces of a model' "$problem"
code 'neurons of a model without a population' 3 'of which population?' \
  simulate "$toy" --record V_m --neurons 0-4 -o no.h5
code 'neurons backwards' 2 'E:4-0' simulate "$toy" --record V_m --neurons E:4-0 -o no.h5
code 'neurons that are no number' 2 'I:x' simulate "$toy" --record V_m --neurons E:4,I:x -o no.h5
code 'neurons and nothing to record' 2 '--neurons needs --record' \
  simulate "$toy" --neurons E:4 -o no.h5

# The synapses of a model, by way of SONATA, in place of rules that would draw others.
net=$PWD/net.h5
short='--set simulation.duration_ms=100 --set scaling.N=0.2 --set scaling.K=0.2'
rated="$short --set populations.E.full_mean_rate_Hz=4" # the scaling is made up for
of_net="--set simulation.network_file=$net"
other='--set projections.E->E.probability=0.3'
digest() { "$meso" info "$1" --digest | tail -n 1; }
# shellcheck disable=SC2086
{
  code 'a model as SONATA' 0 '' convert "$toy" sonata --to sonata $short
  code 'SONATA as explicit network' 0 '' convert sonata net.h5
  code 'the rules of the model' 0 '' simulate "$toy" $short -o rules.h5
  code 'other rules' 0 '' simulate "$toy" $short $other -o other.h5
  code 'other rules, synapses of the file' 0 '' simulate "$toy" $short $other $of_net -o file.h5
  code 'kernels of them' 0 '' kernels "$toy" $short $other $of_net --set lfp.method=neuron -o k.h5
  code 'a compensated model' 0 '' simulate "$toy" $rated -o rated.h5
  code 'with the synapses of the file' 0 '' simulate "$toy" $rated $of_net -o rated_file.h5
  code 'LFP of other spikes' 0 '' lfp "$toy" $short $other $of_net --set lfp.method=neuron \
    --kernels k.h5 --spikes rules.h5 -o lfp.h5
  mv out lfp.txt
  code 'sizes are not those of the file' 3 '/populations/size: E has' \
    simulate "$toy" $of_net -o no.h5
  code 'nor is the step' 3 'dt_ms = 0.1 ms' \
    simulate "$toy" $short $of_net --set simulation.dt_ms=0.2 -o no.h5
}
problem=
[ "$(digest rules.h5)" = "$(digest file.h5)" ] || problem='other spikes'
[ "$(digest rules.h5)" != "$(digest other.h5)" ] || problem='the rules make no difference'
result 'the spikes are those of the synapses in the file' "$problem"
problem=
[ "$(digest rated.h5)" = "$(digest rated_file.h5)" ] || problem='other spikes'
[ "$(digest rated.h5)" != "$(digest rules.h5)" ] || problem='the compensation makes no difference'
result 'the compensation of scaling is that of the model' "$problem"
problem=
grep -q 'as given by simulation.network_file' lfp.txt || problem=$(cat lfp.txt)
result 'the LFP says whose synapses it holds' "$problem"

# Neurons with parameters of their own: here the engine of models, there that of explicit networks.
spread='--set neuron.V_th_sd_mV=1 --set neuron.C_m_sd_pF=40 --set neuron.tau_m_sd_ms=1'
spread="$spread --set neuron.t_ref_sd_ms=0.5 --set neuron.E_L_sd_mV=0.5 --set neuron.I_e_sd_pA=20"
# shellcheck disable=SC2086
{
  code 'spread parameters' 0 '' simulate "$toy" $short $spread --threads 3 -o spread.h5
  code 'their network' 0 '' convert "$toy" spread_net.h5 $short $spread
}
code 'which runs' 0 '' simulate spread_net.h5 -o spread_explicit.h5
problem=
[ "$(digest spread.h5)" = "$(digest spread_explicit.h5)" ] || problem='other spikes'
result 'to the same spikes' "$problem"
problem=
[ "$(digest spread.h5)" != "$(digest rules.h5)" ] || problem='the spread makes no difference'
result 'which are not those of equal neurons' "$problem"
left=$(find . -name '*no.h5*')
result 'refused runs leave nothing' "$left"
exit $bad
