#!/usr/bin/env python3
"""Write the synthetic SWC morphologies and MANIFEST.tsv of this folder.

usage: generate.py [DIR]

The trees are our own design, no measured cells: the soma at the origin, the apical dendrite along
+z, heights chosen so that from a soma in the middle of its layer of the PD14 column the tufts end
where the sketch of the cell type says. Coordinates are multiples of 1/64 um, radii of 1/256 um.
Never needed to build Mesocast; needs only Python's standard library.
"""
import hashlib
import math
import os
import random
import sys

SOMA, DEND, APIC = 1, 3, 4


def norm(v):
    n = math.sqrt(sum(c * c for c in v))
    return [c / n for c in v]


class Tree:
    def __init__(self, seed, soma_r):
        self.rng = random.Random(seed)
        self.rows = []
        self.add(SOMA, (0, 0, 0), soma_r, -1)
        self.soma_r = soma_r

    def add(self, kind, xyz, r, parent):
        x, y, z = (round(c * 64) / 64 for c in xyz)
        self.rows.append((kind, x, y, z, max(round(r * 256), 1) / 256, parent))
        return len(self.rows)

    def xyz(self, i):
        return self.rows[i - 1][1:4]

    def jitter(self):
        return [self.rng.gauss(0, 1) for _ in range(3)]

    def grow(self, kind, parent, direction, length, n, r0, r1, wobble=0.12, up=0.0, start=None,
             top=None):
        """Wandering path of n points; returns its last point and direction."""
        d = norm(direction)
        pos, last = list(self.xyz(parent)), parent
        if start is not None:
            pos = list(start)
            last = self.add(kind, pos, r0, parent)
        for k in range(n):
            j = self.jitter()
            d = norm([d[i] + wobble * j[i] + (up if i == 2 else 0) for i in range(3)])
            pos = [pos[i] + length / n * d[i] for i in range(3)]
            if top is not None:
                pos[2] = min(pos[2], top)
            last = self.add(kind, pos, r0 + (r1 - r0) * (k + 1) / n, last)
        return last, d

    def fork(self, kind, parent, direction, lengths, points, radii, angle, up=0.0, start=None,
             top=None, level=0):
        """Path that bifurcates after every length."""
        end, d = self.grow(kind, parent, direction, lengths[level], points[level], radii[level],
                           radii[level + 1], up=up, start=start, top=top)
        if level + 1 == len(lengths):
            return
        j = self.jitter()
        dot = sum(a * b for a, b in zip(j, d))
        side = norm([j[i] - dot * d[i] for i in range(3)])
        a = angle * (0.8 + 0.4 * self.rng.random())
        for sign in (1, -1):
            way = [math.cos(a) * d[i] + sign * math.sin(a) * side[i] for i in range(3)]
            self.fork(kind, end, way, lengths, points, radii, angle, up, None, top, level + 1)

    def basal(self, n, reach, r, levels=2):
        """Dendrites below and around the soma."""
        for k in range(n):
            phi = 2 * math.pi * (k + 0.3 * self.rng.random()) / n
            d = norm([math.cos(phi), math.sin(phi), -0.9 + 0.9 * self.rng.random()])
            ln = reach * (0.9 + 0.3 * self.rng.random())
            lengths = [0.25 * ln, 0.75 * ln] if levels == 2 else [0.2 * ln, 0.3 * ln, 0.5 * ln]
            self.fork(DEND, 1, d, lengths, [2, 3] if levels == 2 else [2, 2, 3],
                      [r, 0.65 * r, 0.5 * r, 0.35 * r][:len(lengths) + 1], 0.5,
                      start=[self.soma_r * c for c in d])

    def stellate(self, n, reach, r, levels=2):
        """Dendrites in all directions."""
        for k in range(n):
            z = 1 - 2 * (k + 0.5) / n
            phi = k * math.pi * (3 - 5 ** 0.5) + 0.3 * self.rng.random()
            s = math.sqrt(1 - z * z)
            d = norm([s * math.cos(phi), s * math.sin(phi), z])
            ln = reach * (0.9 + 0.3 * self.rng.random())
            lengths = [0.3 * ln, 0.7 * ln] if levels == 2 else [0.2 * ln, 0.3 * ln, 0.5 * ln]
            self.fork(DEND, 1, d, lengths, [3, 5] if levels == 2 else [2, 3, 4],
                      [r, 0.65 * r, 0.5 * r, 0.35 * r][:len(lengths) + 1], 0.45,
                      start=[self.soma_r * c for c in d])

    def apical(self, trunk, top, r0, r1, n_trunk, n_oblique, levels, limbs=2):
        """Trunk with obliques, and a tuft of limbs up to the height top."""
        last = self.add(APIC, (0, 0, self.soma_r), r0, 1)
        x, y, stem = 0.0, 0.0, []
        for k in range(n_trunk):
            f = (k + 1) / n_trunk
            x, y = x + self.rng.gauss(0, 1.2), y + self.rng.gauss(0, 1.2)
            last = self.add(APIC, (x, y, self.soma_r + (trunk - self.soma_r) * f),
                            r0 + (r1 - r0) * f, last)
            stem.append(last)
        for k in range(n_oblique):
            phi = 2.4 * k + self.rng.random()
            at = stem[1 + (k * (n_trunk - 4)) // max(n_oblique, 1)]
            ln = 90 + 60 * self.rng.random()
            self.fork(APIC, at, [math.cos(phi), math.sin(phi), 0.25], [0.4 * ln, 0.6 * ln], [2, 3],
                      [0.7, 0.5, 0.3], 0.5)
        h = top - trunk
        part = [h / levels] * levels
        for k in range(limbs):
            phi = 2 * math.pi * k / limbs
            self.fork(APIC, last, [0.4 * math.cos(phi), 0.4 * math.sin(phi), 0.9],
                      [1.12 * p for p in part], [4] * levels,
                      [0.8 * r1 * (1 - 0.6 * i / levels) for i in range(levels + 1)], 0.4, up=0.25,
                      top=top)


def ball_and_stick():
    t = Tree(1, 10)
    last = t.add(APIC, (0, 0, 10), 1, 1)
    for k in range(10):
        last = t.add(APIC, (0, 0, 10 + 50 * (k + 1)), 1, last)
    return t


def basket():
    t = Tree(2, 6.5)
    t.stellate(7, 150, 0.9)
    return t


def stellate_l4():
    t = Tree(3, 7)
    t.stellate(6, 150, 0.9, levels=3)
    return t


def pyramid(seed, soma_r, trunk, top, r0, r1, n_trunk, n_oblique, levels, n_basal, reach):
    t = Tree(seed, soma_r)
    t.apical(trunk, top, r0, r1, n_trunk, n_oblique, levels)
    t.basal(n_basal, reach, 1.0)
    return t


CELLS = [
    ('ball_and_stick', 'test', 'soma and one dendrite', ball_and_stick),
    ('basket', 'b23 nb23 b4 nb4 b5 nb5 b6 nb6', 'multipolar interneuron', basket),
    ('pyramid_l23', 'p23', 'layer 2/3 pyramid, tuft in layer 1',
     lambda: pyramid(4, 8, 190, 324, 1.75, 1.0, 8, 4, 2, 6, 170)),
    ('pyramid_l4', 'p4', 'layer 4 pyramid, thin apical up to layer 1',
     lambda: pyramid(5, 7.5, 580, 745, 1.5, 0.75, 18, 4, 2, 5, 170)),
    ('stellate_l4', 'ss4(L23) ss4(L4)', 'layer 4 spiny stellate', stellate_l4),
    ('pyramid_l5', 'p5(L23) p5(L56)', 'layer 5 pyramid, broad tuft in layer 1',
     lambda: pyramid(6, 9.5, 780, 1036, 2.75, 1.25, 26, 7, 3, 6, 190)),
    ('pyramid_l6', 'p6(L4)', 'layer 6 pyramid, apical ends in layer 4',
     lambda: pyramid(7, 8, 500, 650, 1.5, 0.75, 16, 6, 2, 6, 170)),
    ('pyramid_l6_tall', 'p6(L56)', 'layer 6 pyramid, apical up to layer 1',
     lambda: pyramid(8, 8, 1160, 1320, 1.75, 0.75, 30, 6, 2, 6, 180)),
]

# Ranges that each tree must lie in: total dendritic length, dendritic area, height of the highest
# point over the soma. Certainty:
#   read         the source's table was read: mean +- 2 SD, with SD = SEM sqrt(n)
#   stand-in     read, but of another species or class of cells
#   derived      from the layer borders of the source, for a soma in the middle of its layer
#   approximate  the order of magnitude of published reconstructions: the source is the place to
#                look, no number was read there
#   test shape   not a cell
H16 = ('Hagen et al. 2016, layer borders', '10.1093/cercor/bhw237', 'derived')
AERDE = 'van Aerde & Feldmeyer 2015, table 7, rat prefrontal cortex, %s (n = 5), apical + basal'
B04 = ('reconstructions of Binzegger et al. 2004', '10.1523/JNEUROSCI.1400-04.2004', 'approximate')
M96 = ('reconstructions of Mainen & Sejnowski 1996', '10.1038/382363a0', 'approximate')
NONE = (0, 1e9, 'none', 'none', 'test shape')
PUBLISHED = {
    'ball_and_stick': (NONE, NONE, NONE),
    'basket': ((1470, 2492, 'Muralidhar et al. 2013, means of 6 groups of layer 1 interneurons, '
                'rat', '10.3389/fnana.2013.00052', 'stand-in'),
               (3000, 12000, *M96), (70, 250, *B04)),
    'pyramid_l23': ((2000, 8000, *B04), (6000, 25000, *M96), (252.7, 334.4, *H16)),
    'pyramid_l4': ((2000, 8000, *B04), (6000, 25000, *M96), (673, 754.7, *H16)),
    'stellate_l4': ((1000, 5000, *B04), (3000, 15000, *M96), (0, 167.6, *H16)),
    'pyramid_l5': ((2580, 7424, 'de la Pena & Geijo-Barrientos 1996, LTS+ cells (layers 5/6, n = '
                    '5), guinea pig, apical + basal', '10.1523/JNEUROSCI.16-17-05301.1996',
                    'stand-in'),
                   (15000, 60000, *M96), (964.5, 1046.1, *H16)),
    'pyramid_l6': ((2408, 7460, AERDE % 'short L6', '10.1093/cercor/bht278', 'read'),
                   (6000, 30000, *M96), (408.6, 743.8, *H16)),
    'pyramid_l6_tall': ((3537, 7539, AERDE % 'tall L6', '10.1093/cercor/bht278', 'read'),
                        (8000, 40000, *M96), (1249.2, 1330.9, *H16)),
}


def measure(tree):
    """Dendritic length and area (frusta) without the gaps inside the soma."""
    length = area = 0.0
    for kind, x, y, z, r, p in tree.rows:
        if p <= 1:
            continue
        _, a, b, c, q, _ = tree.rows[p - 1]
        h = math.dist((x, y, z), (a, b, c))
        length += h
        area += math.pi * (r + q) * math.hypot(h, r - q)
    return length, area


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    head = ['file', 'cell_types', 'origin', 'licence', 'sha256', 'points', 'top_um', 'bottom_um',
            'dendritic_length_um', 'dendritic_area_um2']
    for quantity in ('length', 'area', 'height'):
        head += [f'{quantity}_{part}' for part in ('low', 'high', 'source', 'doi', 'certainty')]
    lines = ['\t'.join(head)]
    for name, types, title, make in CELLS:
        tree = make()
        text = f'# {name}: {title}\n# synthetic, by generate.py; um; GPL-3.0-or-later\n' \
               '# id type x y z radius parent\n'
        for i, (k, x, y, z, r, p) in enumerate(tree.rows):
            text += f'{i + 1} {k} {x:.6f} {y:.6f} {z:.6f} {r:.8f} {p}\n'
        with open(os.path.join(out, name + '.swc'), 'w') as f:
            f.write(text)
        length, area = measure(tree)
        zs = [row[3] for row in tree.rows]
        lines.append('\t'.join([
            name + '.swc', types, 'synthetic (generate.py)', 'GPL-3.0-or-later',
            hashlib.sha256(text.encode()).hexdigest(), str(len(tree.rows)), f'{max(zs):.1f}',
            f'{min(zs):.1f}', f'{length:.1f}', f'{area:.1f}',
            *(f'{part:g}' if not isinstance(part, str) else part
              for published in PUBLISHED[name] for part in published)]))
    with open(os.path.join(out, 'MANIFEST.tsv'), 'w') as f:
        f.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
