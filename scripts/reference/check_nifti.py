#!/usr/bin/env python3
"""Images of `mesocast bold --nifti` as nibabel and nilearn read them: shape, TR, units, values, an
atlas and the signals of its regions, sidecar.

usage: check_nifti.py [--mesocast PROGRAM]

Makes a drive of 5 regions, its BOLD as regions in a line and painted into an atlas, and compares what
nibabel finds with the signals file, and the means of the atlas' regions that nilearn finds with it.
Prints one line per check; exit 1 if anything differs. Needs numpy, h5py, nibabel and nilearn.
Last run with nibabel 5.4.2 and nilearn 0.14.1.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

if "-h" in sys.argv[1:] or "--help" in sys.argv[1:]:  # also where numpy is not installed
    print(__doc__)
    sys.exit()

import h5py
import nibabel as nib
import numpy as np
from nilearn.maskers import NiftiLabelsMasker

REGIONS, TR_S = 5, 1.5


def write_drive(path):
    with h5py.File(path, "w") as f:
        t = np.arange(6000) * 0.01
        d = f.create_dataset("signals/drive/data", data=0.1 * (t[:, None] % 20 > 10)
                             * np.linspace(0.5, 1.5, REGIONS))
        d.attrs["units"], d.attrs["sampling_rate_Hz"], d.attrs["t_start_ms"] = "1", 100.0, 0.0
        f.attrs["format"], f.attrs["format_version"], f.attrs["kind"] = "mesocast", 1, "drives"


def write_atlas(path):
    label = np.arange(4 * 3 * 2).reshape(4, 3, 2) % (REGIONS + 1)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -90, -126, -72
    image = nib.Nifti1Image(label.astype(np.int16), affine)
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)
    return label, affine


def compare(name, path, y, label, affine, version):
    image = nib.load(path)
    found = np.asarray(image.dataobj)
    want = np.zeros(label.shape + (y.shape[0],))
    for r in range(y.shape[1]):
        want[label == r + 1] = y[:, r]
    with open(os.path.splitext(path.removesuffix(".gz"))[0] + ".json") as f:
        sidecar = json.load(f)
    checks = {
        "class": type(image) is (nib.Nifti2Image if version == 2 else nib.Nifti1Image),
        "shape": found.shape == want.shape,
        "TR": abs(image.header.get_zooms()[3] - TR_S) < 1e-6,
        "units": image.header.get_xyzt_units() == ("mm", "sec"),
        "type": image.get_data_dtype() == np.float32,
        "values": found.shape == want.shape and np.abs(found - want).max() < 1e-7,
        "place": affine is None or np.allclose(image.affine, affine),
        "sidecar": abs(sidecar["RepetitionTime"] - TR_S) < 1e-9 and "TaskName" in sidecar,
    }
    bad = [key for key, ok in checks.items() if not ok]
    print(f"{name}: {'differs in ' + ', '.join(bad) if bad else 'as the signals file'} "
          f"{found.shape}, TR {image.header.get_zooms()[3]:g} s")
    return not bad


def compare_regions(image, atlas, y):
    """The signals of the regions, as everybody who gets an image and an atlas would take them."""
    found = NiftiLabelsMasker(labels_img=atlas, standardize=None).fit_transform(image)
    good = found.shape == y.shape and np.abs(found - y).max() < 1e-7
    print(f"regions by nilearn: {'as the signals file' if good else 'differ'} {found.shape}")
    return good


def main():
    p = argparse.ArgumentParser()
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    p.add_argument("--mesocast", default=os.path.join(top, "build", "mesocast"))
    a, good = p.parse_args(), True
    with tempfile.TemporaryDirectory() as work:
        drive, out, atlas = (os.path.join(work, n) for n in ("drive.h5", "bold.h5", "atlas.nii.gz"))
        write_drive(drive)
        label, affine = write_atlas(atlas)
        line = np.arange(1, REGIONS + 1).reshape(REGIONS, 1, 1)
        for name, l, place, more in (("line.nii", line, None, []),
                                     ("line2.nii.gz", line, None, ["--nifti2"]),
                                     ("atlas.out.nii.gz", label, affine, ["--atlas", atlas])):
            image = os.path.join(work, name)
            subprocess.run([os.path.abspath(a.mesocast), "bold", drive, "--model", "friston2003",
                            "--tr-s", str(TR_S), "--nifti", image, "--quiet", "-o", out, *more],
                           check=True)
            with h5py.File(out) as f:
                y = f["signals/bold/data"][:]
            good &= compare(name, image, y, l, place, 2 if more == ["--nifti2"] else 1)
            if place is not None:
                good &= compare_regions(image, atlas, y)
    sys.exit(not good)


main()
