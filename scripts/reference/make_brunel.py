#!/usr/bin/env python3
"""Rates and irregularity of data/models/brunel.yaml, or brunel_alpha.yaml, as NEST gives them.

usage: make_brunel.py [--alpha] [SEED ...]

Needs NEST 3.10 (PyPI: nest-simulator). The network is written down here once more, in NEST's words;
prints a line for each seed: mean rates of E and I over the neurons (spikes/s, silent ones included)
and mean CV of the intervals (neurons with at least 4 spikes), from 200 ms on.
"""
import sys

import nest
import numpy as np

ALPHA = "--alpha" in sys.argv[1:]
H, DISCARD_MS, T_MS = 0.1, 200., 1200.
N = dict(E=10000, I=2500)
K = dict(E=1000, I=250)                       # from E, from I, onto every neuron
PSP_MV, G, ETA, DELAY_MS = 0.1, 5., 2., 1.5
NEURON = dict(E_L=0., V_th=20., V_reset=10., C_m=250., tau_m=20., t_ref=2., tau_syn_ex=.5,
              tau_syn_in=.5, I_e=0., V_m=0.)


def weight_pA(psp_mV):
    """Amplitude of the current whose potential has this peak."""
    a, b, C = NEURON["tau_m"], NEURON["tau_syn_ex"], NEURON["C_m"]
    if ALPHA:  # the peak of the potential is found on a fine grid: it is flat there
        t, d = np.arange(b, a, 1e-5), 1 / b - 1 / a
        V_mV = np.e / (b * C) * (np.exp(-t / a) / d ** 2 - np.exp(-t / b) * (t / d + 1 / d ** 2))
        return psp_mV / V_mV.max()
    peak_ms = a * b / (a - b) * np.log(a / b)
    return psp_mV * C * (a - b) / (a * b) / (np.exp(-peak_ms / a) - np.exp(-peak_ms / b))


def external_rate_Hz():
    """eta times the rate per synapse whose mean input just reaches the threshold."""
    shape = np.e if ALPHA else 1.
    charge_pC = weight_pA(PSP_MV) * shape * NEURON["tau_syn_ex"] * 1e-3
    return ETA * NEURON["V_th"] * NEURON["C_m"] / NEURON["tau_m"] / (K["E"] * charge_pC)


def run(seed):
    nest.ResetKernel()
    nest.set(resolution=H, rng_seed=seed, local_num_threads=1, overwrite_files=True)
    pops = {p: nest.Create("iaf_psc_alpha" if ALPHA else "iaf_psc_exp", N[p], params=NEURON) for p in "EI"}
    everyone = pops["E"] + pops["I"]
    noise = nest.Create("poisson_generator", params=dict(rate=K["E"] * external_rate_Hz()))
    w = weight_pA(PSP_MV)
    nest.Connect(noise, everyone, syn_spec=dict(weight=w, delay=DELAY_MS))
    for p, sign in (("E", 1.), ("I", -G)):
        for target in "EI":
            nest.Connect(pops[p], pops[target],
                         dict(rule="fixed_indegree", indegree=K[p], allow_autapses=False,
                              allow_multapses=False),
                         dict(weight=sign * w, delay=DELAY_MS))
    recorder = nest.Create("spike_recorder", params=dict(start=DISCARD_MS))
    nest.Connect(everyone, recorder)
    nest.Simulate(T_MS)
    events = recorder.events
    out = []
    for p in "EI":
        ids = np.array(pops[p].tolist())
        mine = (events["senders"] >= ids[0]) & (events["senders"] <= ids[-1])
        out.append(mine.sum() / len(ids) / (T_MS - DISCARD_MS) * 1e3)
    order = np.lexsort((events["times"], events["senders"]))
    t, s = events["times"][order], events["senders"][order]
    for p in "EI":
        ids = pops[p].tolist()
        trains = np.split(t, np.flatnonzero(np.diff(s)) + 1)
        owner = [x[0] for x in np.split(s, np.flatnonzero(np.diff(s)) + 1)]
        cv = [np.std(np.diff(x)) / np.mean(np.diff(x)) for x, o in zip(trains, owner)
              if len(x) >= 4 and ids[0] <= o <= ids[-1]]
        out.append(np.mean(cv))
    print("seed %d: rate E %.3f I %.3f Hz, CV E %.4f I %.4f" % (seed, *out), flush=True)


if __name__ == "__main__":
    nest.set_verbosity("M_ERROR")
    print("NEST %s, external rate per synapse %.6f Hz, weight %.6f pA"
          % (nest.__version__, external_rate_Hz(), weight_pA(PSP_MV)))
    for number in [int(a) for a in sys.argv[1:] if a != "--alpha"] or [1, 2, 3]:
        run(number)
