#!/usr/bin/env python3
"""Golden references of the neuron models and inputs of explicit networks, computed by NEST.

usage: make_neuron_models.py FOLDER [NAME...]

Needs NEST 3.10 (PyPI: nest-simulator) and h5py. Writes alpha_network.h5, delta_network.h5,
brunel_alpha.h5, poisson_trains.h5, currents.h5 and mixed_models.h5 (or those that are named) in the
layout of doc/formats.md, with what NEST returned in /spikes and /trace; with poisson_trains.h5 also
poisson_trains.dat, its spikes as NEST recorded them to ASCII. Everything is drawn here and handed to
NEST explicitly, so nothing depends on NEST's random numbers but the Poisson trains of
brunel_alpha.h5 and poisson_trains.h5, which are recorded.
Weights are multiples of 1/16: their sums are exact in binary, in any order.
"""
import os
import sys

if "-h" in sys.argv[1:] or "--help" in sys.argv[1:]:  # also where NEST is not installed
    print(__doc__)
    sys.exit()

import h5py
import nest
import numpy as np

H = 0.1          # ms, the time step
TRACED = 3       # neurons with traces
UNITS = dict(E_L="mV", V_th="mV", V_reset="mV", V_m_initial="mV", V_min="mV", C_m="pF", I_e="pA",
             tau_m="ms", tau_syn_ex="ms", tau_syn_in="ms", t_ref="ms", refractory_input="1")
MEMBRANE = ["E_L", "V_th", "V_reset", "C_m", "tau_m", "t_ref", "I_e"]
TAKES = dict(iaf_psc_exp=MEMBRANE + ["tau_syn_ex", "tau_syn_in"],
             iaf_psc_alpha=MEMBRANE + ["tau_syn_ex", "tau_syn_in", "V_min"],
             iaf_psc_delta=MEMBRANE + ["V_min", "refractory_input"])
RECORDS = dict(iaf_psc_exp=["V_m", "I_syn_ex", "I_syn_in"],
               iaf_psc_alpha=["V_m", "I_syn_ex", "I_syn_in"], iaf_psc_delta=["V_m"])


def sixteenths(w):
    return np.round(np.asarray(w) * 16) / 16


class Network:
    """What goes into the file; `models` has a name for every neuron."""

    def __init__(self, name, models, T_ms, seed):
        self.name, self.models, self.T_ms, self.seed = name, list(models), T_ms, seed
        self.N = len(self.models)
        self.kinds = list(dict.fromkeys(self.models))
        self.rng = np.random.default_rng(seed)
        self.par = {}
        self.events, self.steps, self.sines = None, [], []
        self.event_weight = None

    def wire(self, n_excitatory, K_e, K_i, w_e, w_i, max_delay):
        """K_e + K_i synapses onto every neuron, autapses and multapses included.
        w_e, w_i: mean weights, or one for each target."""
        N, rng = self.N, self.rng
        K = K_e + K_i
        self.target = np.repeat(np.arange(N), K)
        from_e = np.tile(np.arange(K) < K_e, N)
        self.source = np.where(from_e, rng.integers(0, n_excitatory, N * K),
                               rng.integers(n_excitatory, N, N * K))
        mean = np.where(from_e, np.broadcast_to(w_e, N)[self.target],
                        np.broadcast_to(w_i, N)[self.target])
        w = sixteenths(mean * rng.normal(1, .1, N * K))
        self.weight = np.where(from_e, np.maximum(w, 1 / 16), np.minimum(w, -1 / 16))
        self.delay = rng.integers(1, max_delay + 1, N * K)

    def drive(self, rate_per_s, weight, inhibitory_share=0., largest_multiplicity=1):
        """External spikes with weights of their own (weight: mean of each neuron)."""
        rng, rows = self.rng, []
        for i in range(self.N):
            n = rng.poisson(rate_per_s * self.T_ms / 1e3)
            step = np.sort(rng.integers(1, round(self.T_ms / H) - 10, n))
            w = np.broadcast_to(weight, self.N)[i] * rng.normal(1, .1, n)
            w = np.where(rng.random(n) < inhibitory_share, -w, w)
            m = rng.integers(1, largest_multiplicity + 1, n)
            rows.append(np.stack([np.full(n, i), step, sixteenths(w), m]))
        self.events = np.concatenate(rows, axis=1)

    def create(self):
        nest.ResetKernel()
        nest.set(resolution=H, local_num_threads=1, rng_seed=self.seed)
        self.nodes = sum((nest.Create(m) for m in self.models[1:]), nest.Create(self.models[0]))
        for i, m in enumerate(self.models):
            values = {k: self.par[k][i] for k in TAKES[m] if k in self.par}
            if "refractory_input" in values:
                values["refractory_input"] = bool(values["refractory_input"])
            self.nodes[i].set(values)
            self.nodes[i].set(V_m=self.par["V_m_initial"][i])
        self.first = self.nodes[0].global_id

    def connect(self):
        nest.Connect(self.source + self.first, self.target + self.first, "one_to_one",
                     syn_spec=dict(weight=self.weight, delay=self.delay * H))
        if self.events is not None:
            self.connect_events()
        for i, table in self.steps:
            g = nest.Create("step_current_generator", params=dict(
                amplitude_times=[round(s * H, 1) for s, _ in table],
                amplitude_values=[a for _, a in table]))
            nest.Connect(g, self.nodes[i], syn_spec=dict(delay=H))
        for i, wave in self.sines:
            g = nest.Create("ac_generator", params=dict(
                amplitude=wave["amplitude"], frequency=wave["frequency"], phase=wave["phase"],
                offset=wave["offset"], start=round(wave["start_step"] * H, 1),
                stop=round(wave["stop_step"] * H, 1)))
            nest.Connect(g, self.nodes[i], syn_spec=dict(delay=2 * H))

    def connect_events(self):
        neuron, step, weight, multiplicity = self.events
        for i in range(self.N):
            mine = neuron == i
            if not mine.any():
                continue
            times = dict(spike_times=np.round(step[mine] * H, 1),
                         spike_multiplicities=multiplicity[mine].astype(int))
            if self.event_weight is None:
                times["spike_weights"] = weight[mine]
            g = nest.Create("spike_generator", params=times)
            w = 1. if self.event_weight is None else self.event_weight
            nest.Connect(g, self.nodes[i], syn_spec=dict(weight=w, delay=2 * H))

    def simulate(self):
        recorder = nest.Create("spike_recorder")
        nest.Connect(self.nodes, recorder)
        self.meters = []
        for i in range(TRACED):
            meter = nest.Create("multimeter", params=dict(
                interval=H, record_from=RECORDS[self.models[i]]))
            nest.Connect(meter, self.nodes[i])
            self.meters.append(meter)
        nest.Simulate(self.T_ms)
        e = recorder.events
        order = np.lexsort((e["senders"], e["times"]))
        self.spike_neuron = e["senders"][order] - self.first
        self.spike_step = np.round(e["times"][order] / H)

    def write(self, folder):
        path = os.path.join(folder, self.name + ".h5")
        with h5py.File(path, "w") as f:
            f.attrs.update(dt_ms=H, T_ms=self.T_ms,
                           simulator="NEST " + nest.__version__ + " " + ",".join(self.kinds))

            def put(name, x, units="1"):
                d = f.create_dataset(name, data=x, compression=9, shuffle=True,
                                     track_times=False)
                d.attrs["units"] = units

            mV = all(m == "iaf_psc_delta" for m in self.kinds)
            unit = "mV" if mV else "pA" if "iaf_psc_delta" not in self.kinds else "pA or mV"
            put("connections/source", self.source.astype("u4"))
            put("connections/target", self.target.astype("u4"))
            put("connections/weight", self.weight, unit)
            put("connections/delay_steps", self.delay.astype("u2"), "dt")
            for k, v in self.par.items():
                put("neurons/" + k, v, UNITS[k])
            f["neurons"].attrs["model"] = ",".join(self.kinds)
            if len(self.kinds) > 1:
                put("neurons/model", np.array([self.kinds.index(m) for m in self.models], "u1"))
            self.write_input(f, put, unit)
            put("spikes/neuron", self.spike_neuron.astype("u4"))
            put("spikes/step", self.spike_step.astype("u4"), "dt")
            put("trace/time_ms", self.meters[0].events["times"], "ms")
            for k, u in (("V_m", "mV"), ("I_syn_ex", "pA"), ("I_syn_in", "pA")):
                if all(k in RECORDS[m] for m in self.models[:TRACED]):
                    put("trace/" + k, np.stack([m.events[k] for m in self.meters]), u)
        print(f"{path}: {len(self.spike_step)} spikes, "
              f"{len(self.spike_step) / self.N / self.T_ms * 1e3:.1f} /s, "
              f"{len(np.unique(self.spike_neuron))} of {self.N} neurons spike, "
              f"{os.path.getsize(path)} bytes")

    def write_input(self, f, put, unit):
        f.require_group("input")
        if self.events is not None:
            neuron, step, weight, multiplicity = self.events
            f["input"].attrs["delay_steps"] = 2
            put("input/neuron", neuron.astype("u4"))
            put("input/step", step.astype("u4"), "dt")
            if (multiplicity != 1).any():
                put("input/multiplicity", multiplicity.astype("u2"))
            if self.event_weight is None:
                put("input/weight", weight, unit)
            else:
                f["input"].attrs["weight_" + unit] = self.event_weight
        if self.steps:
            rows = [(i, s, a) for i, table in self.steps for s, a in table]
            put("input/step_current/neuron", np.array([r[0] for r in rows], "u4"))
            put("input/step_current/step", np.array([r[1] for r in rows], "u4"), "dt")
            put("input/step_current/amplitude", np.array([r[2] for r in rows]), "pA")
            f["input/step_current"].attrs["delay_steps"] = 1
        if self.sines:
            put("input/ac_current/neuron", np.array([i for i, _ in self.sines], "u4"))
            for k, u, t in (("amplitude", "pA", "f8"), ("frequency", "Hz", "f8"),
                            ("phase", "degree", "f8"), ("offset", "pA", "f8"),
                            ("start_step", "dt", "u4"), ("stop_step", "dt", "u4")):
                put("input/ac_current/" + k, np.array([w[k] for _, w in self.sines], t), u)
            f["input/ac_current"].attrs["delay_steps"] = 2

    def run(self, folder):
        self.create()
        self.connect()
        self.simulate()
        self.write(folder)

    def draw_parameters(self):
        """Parameters that differ between neurons."""
        N, r = self.N, self.rng
        self.par = dict(
            E_L=np.round(r.uniform(-72, -64, N), 1), V_th=np.round(r.uniform(-54, -48, N), 1),
            V_reset=np.round(r.uniform(-75, -58, N), 1),
            V_m_initial=np.round(r.uniform(-72, -55, N), 3), C_m=np.round(r.uniform(150, 300, N)),
            tau_m=np.round(r.uniform(8, 25, N), 2), t_ref=np.round(r.uniform(.5, 5, N), 2),
            I_e=np.round(r.uniform(0, 100, N)))

    def draw_synaptic_times(self):
        self.par["tau_syn_ex"] = np.round(self.rng.uniform(.3, 4., self.N), 2)
        self.par["tau_syn_in"] = np.round(self.rng.uniform(.3, 8., self.N), 2)

    def draw_lowest_potential(self):
        """Half of the neurons have a bound that inhibition reaches."""
        bound = self.par["E_L"] - np.round(self.rng.uniform(1, 6, self.N), 1)
        self.par["V_min"] = np.where(np.arange(self.N) % 2 == 0, bound, -1e4)


def alpha_network():
    n = Network("alpha_network", ["iaf_psc_alpha"] * 100, 500., 11)
    n.draw_parameters()
    n.draw_synaptic_times()
    n.draw_lowest_potential()
    # the singular case: equal time constants
    n.par["tau_syn_ex"][::5] = n.par["tau_m"][::5]
    n.par["tau_syn_in"][1::7] = n.par["tau_m"][1::7]
    gain = 2. / n.par["tau_syn_ex"]
    n.wire(80, 20, 5, 30. * gain, -60. / n.par["tau_syn_in"], 40)
    n.drive(600., 70. * gain, .2, 3)
    n.run(sys.argv[1])


def delta_network():
    n = Network("delta_network", ["iaf_psc_delta"] * 100, 500., 12)
    n.draw_parameters()
    n.draw_lowest_potential()
    n.par["refractory_input"] = (np.arange(n.N) % 3 != 0).astype("u1")
    n.wire(80, 20, 5, .5, -1.25, 40)
    n.drive(800., 1., .25, 3)
    n.run(sys.argv[1])


def brunel_alpha():
    """Sparse network in the manner of Brunel (2000), small, with alpha currents; the Poisson input
    is drawn by NEST, passed on by parrots and recorded there."""
    N, N_E, T_ms = 150, 120, 500.
    n = Network("brunel_alpha", ["iaf_psc_alpha"] * N, T_ms, 13)
    same = dict(E_L=0., V_th=20., V_reset=10., C_m=250., tau_m=20., t_ref=2., I_e=0.,
                tau_syn_ex=.5, tau_syn_in=.5)
    n.par = {k: np.full(N, v) for k, v in same.items()}
    n.par["V_m_initial"] = np.round(n.rng.uniform(0, 18, N), 3)
    n.wire(N_E, 12, 3, 150., -750., 1)
    n.weight = np.where(n.weight > 0, 150., -750.)
    n.delay[:] = 15
    n.create()
    poisson = nest.Create("poisson_generator", params=dict(rate=1600.))
    parrots = nest.Create("parrot_neuron", N)
    recorder = nest.Create("spike_recorder")
    nest.Connect(poisson, parrots, syn_spec=dict(delay=H))
    nest.Connect(parrots, n.nodes, "one_to_one", syn_spec=dict(weight=150., delay=2 * H))
    nest.Connect(parrots, recorder)
    n.connect()
    n.simulate()
    e = recorder.events
    trains = np.stack([e["senders"] - parrots[0].global_id, np.round(e["times"] / H)]).astype(int)
    unique, multiplicity = np.unique(trains, axis=1, return_counts=True)
    n.events = np.stack([unique[0], unique[1], np.zeros(unique.shape[1]), multiplicity])
    n.event_weight = 150.
    n.write(sys.argv[1])


def poisson_trains():
    """Exponential currents under two dense Poisson trains a neuron, one excitatory and one
    inhibitory, drawn by NEST and passed on by parrots, which repeat the multiplicity of what they
    receive: many steps have several spikes at once."""
    N, T_ms = 60, 300.
    n = Network("poisson_trains", ["iaf_psc_exp"] * N, T_ms, 16)
    n.draw_parameters()
    n.draw_synaptic_times()
    n.wire(48, 8, 2, 40., -100., 40)
    n.create()
    rates, weights = (12000., 4000.), (30., -35.)
    trains = []
    for rate, weight in zip(rates, weights):
        poisson = nest.Create("poisson_generator", params=dict(rate=rate))
        parrots = nest.Create("parrot_neuron", N)
        recorder = nest.Create("spike_recorder")
        nest.Connect(poisson, parrots, syn_spec=dict(delay=H))
        nest.Connect(parrots, n.nodes, "one_to_one", syn_spec=dict(weight=weight, delay=2 * H))
        nest.Connect(parrots, recorder)
        trains.append((recorder, parrots[0].global_id, weight))
    ascii_recorder = nest.Create("spike_recorder", params=dict(
        record_to="ascii", label=os.path.join(os.path.abspath(sys.argv[1]), "poisson_trains")))
    nest.Connect(n.nodes, ascii_recorder)
    n.connect()
    n.simulate()
    rows = []
    for recorder, first, weight in trains:
        e = recorder.events
        both = np.stack([e["senders"] - first, np.round(e["times"] / H)]).astype(int)
        unique, multiplicity = np.unique(both, axis=1, return_counts=True)
        print(f"multiplicities {np.bincount(multiplicity)[1:]}")
        rows.append(np.stack([unique[0], unique[1], np.full(unique.shape[1], weight),
                              multiplicity]))
    n.events = np.concatenate(rows, axis=1)
    n.write(sys.argv[1])
    os.replace(ascii_recorder.filenames[0], os.path.join(sys.argv[1], "poisson_trains.dat"))


def currents():
    """Sine waves and staircases into neurons with exponential currents, little recurrence."""
    n = Network("currents", ["iaf_psc_exp"] * 60, 600., 14)
    n.draw_parameters()
    n.draw_synaptic_times()
    n.wire(48, 8, 2, 60., -150., 30)
    last = round(n.T_ms / H)
    # start_step is at least 1: NEST's generators send their first current at the end of a step
    for i in range(n.N):
        wave = dict(amplitude=float(np.round(n.rng.uniform(50, 250))),
                    frequency=float(np.round(n.rng.uniform(3, 80), 1)),
                    phase=float(np.round(n.rng.uniform(0, 360))),
                    offset=float(np.round(n.rng.uniform(0, 150))), start_step=1, stop_step=last)
        if i % 2 == 1:
            wave.update(start_step=int(n.rng.integers(200, 1500)),
                        stop_step=int(n.rng.integers(3000, 5000)))
        if i % 3 != 2:
            n.sines.append((i, wave))
        if i % 4 == 0:       # a second wave on the same neuron
            n.sines.append((i, dict(wave, frequency=wave["frequency"] * 2, offset=0.)))
        if i % 3 != 0:
            at = np.unique(n.rng.integers(1, last, 8))
            n.steps.append((i, [(int(s), float(np.round(n.rng.uniform(-150, 450)))) for s in at]))
    n.run(sys.argv[1])


def mixed_models():
    """Three models in one network; a weight is in the unit of its target."""
    kinds = ["iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_delta"]
    n = Network("mixed_models", [kinds[i % 3] for i in range(90)], 500., 15)
    n.draw_parameters()
    n.draw_synaptic_times()
    n.draw_lowest_potential()
    n.par["refractory_input"] = (np.arange(n.N) % 2).astype("u1")
    delta = np.arange(n.N) % 3 == 2
    n.wire(72, 16, 4, np.where(delta, .5, 80. / n.par["tau_syn_ex"]),
           np.where(delta, -1.25, -150. / n.par["tau_syn_in"]), 40)
    n.drive(700., np.where(delta, 1., 150. / n.par["tau_syn_ex"]), .2, 3)
    n.steps.append((2, [(100, 200.), (2000, 0.)]))
    n.sines.append((5, dict(amplitude=100., frequency=10., phase=0., offset=50., start_step=1,
                            stop_step=4000)))
    n.run(sys.argv[1])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    nest.verbosity = nest.VerbosityLevel.ERROR
    for make in (alpha_network, delta_network, brunel_alpha, poisson_trains, currents, mixed_models):
        if make.__name__ in sys.argv[2:] or len(sys.argv) == 2:
            make()
