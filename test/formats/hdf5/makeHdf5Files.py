"""Writes the HDF5 files of this folder with h5py, in the oldest and the newest form of the format, and what they hold.

Made-up numbers. Run it in this folder: python makeHdf5Files.py (h5py 3.16, numpy).
"""

import gzip
import json
import os

import h5py
import numpy as np

expected = {}


def make(libver):
    name = f"kinds_{libver}.h5"
    values = {}
    with h5py.File(name, "w", libver=libver) as file:

        def add(key, array, **options):
            file.create_dataset(key, data=array, **options)
            values[key] = {"shape": list(array.shape), "values": array.astype("f8").ravel().tolist()}

        a = (np.arange(60).reshape(5, 3, 4) % 17 / 4 - 1).astype("f4")
        add("contiguous", a)
        for key, dtype in (("half", "<f2"), ("double", "<f8"), ("bigFloat", ">f4"), ("bigInt", ">i8")):
            add(key, (4 * a).astype(dtype))
        for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
            add(dtype, (np.arange(6).reshape(2, 3) + 3).astype(dtype))
        add("negative", -np.arange(6).astype("i4"))
        add("scalar", np.array(640))
        add("chunked", a, chunks=(2, 3, 3))
        add("deflate", a, chunks=(2, 2, 2), compression="gzip")
        add("shuffle", a, chunks=(2, 3, 3), compression="gzip", shuffle=True)
        add("lzf", np.repeat(a, 20, 0), chunks=(16, 2, 4), compression="lzf")
        add("fletcher32", a, chunks=(2, 2, 2), fletcher32=True)
        add("oneChunk", a, chunks=a.shape)
        add("oneDeflated", a, chunks=a.shape, compression="gzip")
        add("growing", a, chunks=(2, 3, 4), maxshape=(None, 3, 4))
        add("growingDeflated", a, chunks=(2, 3, 4), maxshape=(None, 3, 4), compression="gzip")
        add("growingTwice", a, chunks=(2, 2, 4), maxshape=(None, None, 4))
        add("growingTwiceDeflated", a, chunks=(2, 2, 4), maxshape=(None, None, 4), compression="gzip")
        add("limited", a, chunks=(2, 2, 4), maxshape=(9, 8, 4))
        many = (np.arange(1500) % 50).reshape(-1, 1).astype("u1")
        add("many", many, chunks=(1, 1))
        add("manyGrowing", many, chunks=(1, 1), maxshape=(None, 1))
        file.create_dataset("unwritten", (3, 2), "f4")
        values["unwritten"] = {"shape": [3, 2], "values": [0] * 6}
        holes = file.create_dataset("holes", (4, 2), "f4", chunks=(1, 2))
        holes[2] = [5, 6]
        values["holes"] = {"shape": [4, 2], "values": [0, 0, 0, 0, 5, 6, 0, 0]}

        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3,))
        compact = h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_INT32, space, create)
        compact.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([7, 8, 9], dtype="i4"))
        values["compact"] = {"shape": [3], "values": [7, 8, 9]}

        file["aType"] = np.dtype("f4")
        file.create_dataset("ofThatType", data=np.arange(3, dtype="f4"), dtype=file["aType"])
        values["ofThatType"] = {"shape": [3], "values": [0, 1, 2]}
        file["withAttributes"] = np.arange(2.0)
        for i in range(30):
            file["withAttributes"].attrs[f"attribute{i}"] = "text" * 20
        values["withAttributes"] = {"shape": [2], "values": [0, 1]}

        file["texts"] = np.array(["a", "bc"], dtype=h5py.string_dtype())
        file["truths"] = np.array([True, False])
        file.create_dataset("scaled", data=np.arange(8), chunks=(4,), scaleoffset=0)
        for count in (0, 1, 9, 2500):
            group = file.create_group(f"group{count}")
            for i in range(count):
                group[f"member_{i:04d}"] = file["scalar"]
        file["soft"] = h5py.SoftLink("/scalar")
    with open(name, "rb") as source, open(f"{name}.gz", "wb") as target:
        target.write(gzip.compress(source.read(), 9, mtime=0))
    os.remove(name)
    expected[name] = values


make("earliest")
make("latest")
with open("expected.json", "w") as target:
    json.dump(expected, target, separators=(",", ":"))
