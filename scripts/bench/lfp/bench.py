"""What the drivers share: an SWC file as a cell of LFPy, the mechanism, population files, measuring."""
import json
import os
import resource
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../../.."))
NAMES = {1: "soma", 2: "axon", 3: "dend", 4: "apic"}


def read_sections(path):
    """Unbranched runs of an SWC file with a soma of one point: [(type, points, parent)]."""
    rows = {}
    with open(path) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                c = line.split()
                rows[int(c[0])] = (int(c[1]), *map(float, c[2:6]), int(c[6]))
    root = min(rows)
    children = {i: sum(r[5] == i for r in rows.values()) for i in rows}
    _, x, y, z, r, _ = rows[root]
    sections = [(1, [(x, y, z - r, 2 * r), (x, y, z + r, 2 * r)], None)]
    section_of = {root: 0}
    for i in sorted(rows)[1:]:
        kind, x, y, z, r, parent = rows[i]
        if parent == root or children[parent] > 1:
            start = [] if parent == root else [(*rows[parent][1:4], 2 * rows[parent][4])]
            section_of[i] = len(sections)
            sections.append((kind, start, section_of[parent]))
        else:
            section_of[i] = section_of[parent]
        sections[section_of[i]][1].append((x, y, z, 2 * r))
    return sections


def build_cell(sections, **parameters):
    """An LFPy cell; stems are joined to the middle of the soma, where NEURON must not move them.
    Returns it and what keeps NEURON's sections alive."""
    import LFPy
    import numpy as np
    from neuron import h
    made = h.SectionList()
    keep = []
    for k, (kind, points, parent) in enumerate(sections):
        s = h.Section(name=f"{NAMES[kind]}_{k}")
        if parent == 0:
            h.pt3dstyle(1, *np.mean(sections[0][1], axis=0)[:3], sec=s)
        for point in points:
            s.pt3dadd(*point)
        if parent is not None:
            s.connect(keep[parent](0.5 if parent == 0 else 1.0))
        keep.append(s)
        made.append(s)
    cell = LFPy.Cell(morphology=made, passive=True, tstart=0.0, nsegs_method="lambda_f",
                     lambda_f=100.0, d_lambda=0.1, delete_sections=False, **parameters)
    return cell, keep


def write_population(path, source, p):
    """A population file: cells of the one in source, with positions, rotations and events of p."""
    import h5py
    with h5py.File(source) as f, h5py.File(path, "w") as g:
        for k in ("cm", "g_pas", "e_pas", "dt", "tstop", "tau_syn", "sigma"):
            g.attrs[k] = p[k]
        for k in ("segments", "nodes", "sections", "probe_xyz"):
            f.copy(k, g)
        g["soma_position"] = p["soma_position"][:p["n_cells"]]
        g["rotation_z"] = p["rotation_z"][:p["n_cells"]]
        for k in ("cell", "segment", "weight", "step"):
            g["synapse_events/" + k] = p[k]


def load_mechanisms(work):
    """Compiles the mechanisms beside this file in a folder, and gives them to NEURON."""
    subprocess.run(["nrnivmodl", HERE], cwd=work, check=True, capture_output=True)
    import neuron
    neuron.load_mechanisms(work, warn_if_already_loaded=False)
    neuron.h.load_file("stdrun.hoc")


# A process begins with the peak memory of the one that started it, so a small one does.
STARTER = """
import json, os, subprocess, sys
said = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
text = said.stdout.read()
_, status, used = os.wait4(said.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), text.decode(),
                  used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def run(*command):
    """Runs a program: (what it says, its processor seconds, its peak memory in MB, at least 10)."""
    starter = [sys.executable, "-I", "-S", "-c", STARTER]
    code, *answer = json.loads(subprocess.run([*starter, *command], check=True,
                                              stdout=subprocess.PIPE).stdout)
    if code != 0:
        raise SystemExit(f"{command[0]} failed ({code})")
    return answer


def peak_mb():
    """Peak memory of this process (MB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
