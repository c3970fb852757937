"""Prints for each Keras HDF5 file what digest() of support.ts must give: PYTHON digest-hdf5.py FILE..., with h5py."""
import hashlib
import sys

import h5py
import numpy

for path in sys.argv[1:]:
    with h5py.File(path) as file:
        group = file["model_weights"] if "model_weights" in file else file
        found = {}
        for layer in group.attrs["layer_names"]:
            for name in group[layer].attrs["weight_names"]:
                found[name.decode()] = numpy.asarray(group[layer][name])
        digest = hashlib.sha256()
        for name in sorted(found):
            digest.update(f"{name}|{','.join(map(str, found[name].shape))}|".encode())
            digest.update(numpy.ascontiguousarray(found[name]).tobytes())
        print(path, len(found), sum(value.size for value in found.values()), digest.hexdigest()[:16])
