"""Writes hdf5-samples.ts, HDF5 files as Keras and others write them: PYTHON hdf5-samples.py > hdf5-samples.ts, with h5py 3.16."""
import base64
import gzip
import os
import tempfile

import h5py
import numpy as np


def keras(file, group, layers):
    group.attrs["layer_names"] = np.array([name.encode() for name, _ in layers], dtype="S")
    for name, weights in layers:
        layer = group.create_group(name)
        layer.attrs["weight_names"] = np.array([weight.encode() for weight, _ in weights], dtype="S")
        for weight, value in weights:
            layer.create_dataset(weight, data=value)


def ramp(shape, dtype="<f4"):
    return np.arange(int(np.prod(shape)), dtype="f8").reshape(shape).astype(dtype)


CONV = ("conv2d", [("conv2d/kernel:0", ramp((3, 3, 2, 2))), ("conv2d/bias:0", ramp((2,)))])


def weights_only(file):
    keras(file, file, [("input_1", []), CONV, ("dense", [("dense/kernel:0", ramp((4, 3), "<f2"))])])
    file.attrs["backend"] = b"tensorflow"


def whole_model(file):
    keras(file, file.create_group("model_weights"), [CONV])
    file.create_group("optimizer_weights").create_dataset("m", data=ramp((2, 2)))


def plain(file):
    file.create_dataset("a/b/values", data=ramp((2, 3), ">f8"))
    file.create_dataset("scalar", data=np.int64(7))
    file["soft"] = h5py.SoftLink("/a/b/values")
    file["outside"] = h5py.ExternalLink("/etc/passwd", "/")
    file["again"] = file["a/b/values"]


def split_names(file):
    group = file.create_group("model_weights")
    keras(file, group, [])
    del group.attrs["layer_names"]
    group.attrs["layer_names0"] = np.array([b"one"], dtype="S")
    group.attrs["layer_names1"] = np.array([b"two"], dtype="S")
    for name in ("one", "two"):
        layer = group.create_group(name)
        layer.attrs["weight_names"] = np.array([b"same/kernel:0"], dtype="S")
        layer.create_dataset("same/kernel:0", data=ramp((2,)))


def packed(file):
    file.create_dataset("values", data=ramp((64, 64)), chunks=(16, 16), compression="gzip")


def elsewhere(file):
    file.create_dataset("values", (4,), dtype="<f4", external=[("/etc/passwd", 0, 16)])


SAMPLES = {
    "weights-only": ("earliest", weights_only),
    "weights-only-latest": ("latest", weights_only),
    "whole-model": ("earliest", whole_model),
    "plain": ("earliest", plain),
    "plain-latest": ("latest", plain),
    "split-names": ("earliest", split_names),
    "packed": ("earliest", packed),
    "elsewhere": ("earliest", elsewhere),
}

print("/** Made by hdf5-samples.py: gzip, base64. */\nexport const HDF5_SAMPLES = {")
for name, (version, fill) in SAMPLES.items():
    path = os.path.join(tempfile.mkdtemp(), "sample.h5")
    with h5py.File(path, "w", libver=version) as file:
        fill(file)
    with open(path, "rb") as file:
        text = base64.b64encode(gzip.compress(file.read(), 9, mtime=0)).decode()
    print(f"  '{name}':\n    '{text}',")
print("} as const;")
