"""Writes one file, or folder, of region features of made-up numbers, as the programs of this field write them, for measuring:

    python makeFiles.py KIND NUM_PICTURES TARGET

36 boxes of 2048 values a picture, half of them zeros, out of 64 that repeat. Needs NumPy and what KIND is written with: h5py,
lmdb with msgpack_numpy, torch, datasets or pyarrow.
"""

import base64
import gzip
import json
import pickle
import sys
from pathlib import Path

import numpy as np

BOXES, SIZE, REPEATED = 36, 2048, 64
random = np.random.default_rng(1)
POOL = [np.maximum(random.standard_normal((BOXES, SIZE), "f4"), 0) for _ in range(REPEATED)]
W, H = 640, 480


def picture(i, boxes=BOXES):
    n = np.arange(boxes)
    corners = np.stack([n, n, n + W // 2 + i % 200, n + H // 2 + i % 150], 1).astype("<f4")
    return {
        **{"id": f"COCO_train2014_{i:012d}", "features": POOL[i % REPEATED][:boxes], "boxes": corners},
        **{"shares": (corners / [W, H, W, H]).astype("<f4"), "n": boxes},
        **{"objects": (n + i) % 1600, "attributes": (n + i) % 400, "conf": np.full(boxes, 0.5, "<f4")},
    }


def adaptive(i):
    return picture(i, 10 + i % 27)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def vectors(p):
    """(n, 2054): features, then x1, y1, x2, y2, width, height."""
    shares = p["shares"]
    return np.concatenate([p["features"], shares, shares[:, 2:] - shares[:, :2]], 1).astype("<f4")


def hdf5_groups(count, target):
    import h5py

    with h5py.File(target, "w") as file:
        for p in map(picture, range(count)):
            group = file.create_group(p["id"])
            arrays = {"features": p["features"], "boxes": p["boxes"], "img_w": W, "img_h": H}
            arrays |= {"obj_id": p["objects"], "obj_conf": p["conf"], "attr_id": p["attributes"], "attr_conf": p["conf"]}
            for name, values in arrays.items():
                group[name] = values


def hdf5_arrays(count, target, **layout):
    import h5py

    with h5py.File(target, "w") as file:
        features = file.create_dataset("image_features", (count, BOXES, SIZE), "f4", **layout)
        boxes = file.create_dataset("image_bb", (count, BOXES, 4), "f4")
        shares = file.create_dataset("spatial_features", (count, BOXES, 6), "f4")
        for i, p in enumerate(map(picture, range(count))):
            features[i], boxes[i], shares[i] = p["features"], p["boxes"], vectors(p)[:, SIZE:]
    row_ids(count, target)


def hdf5_chunks(count, target):
    hdf5_arrays(count, target, chunks=(1, BOXES, SIZE), compression="gzip", compression_opts=4, shuffle=True)


def row_ids(count, target):
    beside = target.with_name(f"{target.stem}_imgid2idx.pkl")
    beside.write_bytes(pickle.dumps({i: i for i in range(count)}, protocol=0))


def hdf5_adaptive(count, target):
    import h5py

    ends = np.cumsum([10 + i % 27 for i in range(count)])
    spans = np.stack([np.concatenate([[0], ends[:-1]]), ends], 1).astype("i4")
    with h5py.File(target, "w") as file:
        file["pos_boxes"] = spans
        features = file.create_dataset("image_features", (ends[-1], SIZE), "f4")
        boxes = file.create_dataset("image_bb", (ends[-1], 4), "f4")
        shares = file.create_dataset("spatial_features", (ends[-1], 6), "f4")
        for (start, end), p in zip(spans, map(adaptive, range(count))):
            features[start:end], boxes[start:end], shares[start:end] = p["features"], p["boxes"], vectors(p)[:, SIZE:]
    row_ids(count, target)


def hdf5_gqa(count, target):
    import h5py

    target.mkdir()
    info = {}
    with h5py.File(target / "gqa_objects_0.h5", "w") as file:
        features = file.create_dataset("features", (count, 100, SIZE), "f4")
        boxes = file.create_dataset("bboxes", (count, 100, 4), "f4")
        for i, p in enumerate(map(picture, range(count))):
            features[i, :BOXES], boxes[i, :BOXES] = p["features"], p["boxes"]
            info[str(i)] = {"width": W, "height": H, "objectsNum": BOXES, "idx": i, "file": 0}
    (target / "gqa_objects_info.json").write_text(json.dumps(info))


def hdf5_names(count, target):
    import h5py

    with h5py.File(target, "w") as file:
        for i, p in enumerate(map(picture, range(count))):
            file[f"{i}_features"], file[f"{i}_boxes"] = p["features"], p["shares"]


def database(count, target, keys, value):
    import lmdb

    target.mkdir()
    names = []
    with lmdb.open(str(target), map_size=1 << 40) as env:
        for start in range(0, count, 256):
            with env.begin(write=True) as transaction:
                for i in range(start, min(start + 256, count)):
                    name, packed = value(picture(i))
                    names.append(name)
                    transaction.put(name, packed)
        with env.begin(write=True) as transaction:
            transaction.put(*keys(names))


def mmf(p):
    return {
        **{"bbox": p["boxes"], "num_boxes": p["n"], "objects": p["objects"], "cls_prob": p["conf"]},
        **{"image_height": H, "image_width": W},
    }


def lmdb_mmf(count, target):
    value = lambda p: (f"train2014/{p['id']}".encode(), pickle.dumps({"features": p["features"], **mmf(p)}))
    database(count, target, lambda names: (b"keys", pickle.dumps(names)), value)


def lmdb_uniter(count, target):
    import msgpack
    import msgpack_numpy

    def value(p):
        soft = np.full((p["n"], 1601), 0.0001, "<f2")
        soft[np.arange(p["n"]), p["objects"] + 1] = 0.5
        place = vectors(p)[:, SIZE:].astype("<f2")
        arrays = {"norm_bb": place, "features": p["features"].astype("<f2"), "conf": p["conf"][:, None], "soft_labels": soft}
        return (f"{p['id'].lower()}.npz".encode(), msgpack.dumps(arrays, use_bin_type=True, default=msgpack_numpy.encode))

    database(count, target, lambda names: (b"__keys__", json.dumps([n.decode() for n in names]).encode()), value)


def folder(count, target, write):
    target.mkdir()
    for p in map(picture, range(count)):
        write(target, p)


def npz(count, target, save=np.savez):
    arrays = lambda p: {"x": p["features"], "bbox": p["boxes"], "num_bbox": p["n"], "image_h": H, "image_w": W}
    folder(count, target, lambda at, p: save(at / f"{p['id']}.npz", **arrays(p)))


def npz_compressed(count, target):
    npz(count, target, np.savez_compressed)


def npy(count, target):
    def write(at, p):
        np.save(at / f"{p['id']}.npy", p["features"])
        np.save(at / f"{p['id']}_info.npy", mmf(p))

    folder(count, target, write)


def lines(count, target, line):
    # The quickest level: what is measured is the reading.
    with gzip.open(target, "wt", 1) if target.suffix == ".gz" else target.open("w") as file:
        for p in map(picture, range(count)):
            file.write(line(p))


def tsv(count, target):
    integers = lambda array: text(array.astype("<i8"))
    line = lambda p: [p["id"], H, W, integers(p["objects"]), text(p["conf"]), integers(p["attributes"]), text(p["conf"])]
    rest = lambda p: [p["n"], text(p["boxes"]), text(p["features"])]
    lines(count, target, lambda p: "\t".join(map(str, line(p) + rest(p))) + "\n")


def vinvl_vectors(count, target):
    lines(count, target, lambda p: f"{p['id']}\t{p['n']}\t{text(vectors(p))}\n")


def vinvl_objects(count, target):
    sizes = target.with_name("predictions.hw.tsv")
    with sizes.open("w") as file:
        file.writelines(f"COCO_train2014_{i:012d}\t{json.dumps([{'height': H, 'width': W}])}\n" for i in range(count))
    rows = lambda p: zip(p["boxes"].tolist(), p["features"])
    one = lambda rect, feature: {"rect": rect, "class": "dog", "conf": 0.5, "feature": text(feature)}
    lines(count, target, lambda p: f"{p['id']}\t{json.dumps({'objects': [one(*row) for row in rows(p)]})}\n")


def torch_vectors(count, target):
    import torch

    torch.save({p["id"]: torch.from_numpy(vectors(p)) for p in map(picture, range(count))}, target)


def arrow(count, target, batch=100):
    """In batches of a hundred, as data sets are written again; the examples' script writes one row a batch."""
    import datasets
    from datasets.arrow_writer import ArrowWriter

    numbers = lambda: datasets.Sequence(length=BOXES, feature=datasets.Value("float32"))
    array = lambda width: datasets.Array2D((BOXES, width), dtype="float32")
    whole = lambda: datasets.Value("int32")
    schema = datasets.Features(
        {
            **{"attr_ids": numbers(), "attr_probs": numbers(), "boxes": array(4), "img_id": whole(), "obj_ids": numbers()},
            **{"obj_probs": numbers(), "roi_features": array(SIZE), "preds_per_image": whole()},
            "sizes": datasets.Sequence(length=2, feature=datasets.Value("float32")),
        }
    )
    writer = ArrowWriter(features=schema, path=str(target))
    for start in range(0, count, batch):
        rows = [(i, picture(i)) for i in range(start, min(start + batch, count))]
        columns = {
            **{"attr_ids": [p["attributes"] for _, p in rows], "attr_probs": [p["conf"] for _, p in rows]},
            **{"boxes": [p["shares"] for _, p in rows], "img_id": [i for i, _ in rows]},
            **{"obj_ids": [p["objects"] for _, p in rows], "obj_probs": [p["conf"] for _, p in rows]},
            **{"roi_features": [p["features"] for _, p in rows], "preds_per_image": [BOXES for _ in rows]},
            "sizes": [(800.0, 1067.0) for _ in rows],
        }
        writer.write_batch(schema.encode_batch({name: np.array(values) for name, values in columns.items()}))
    writer.finalize()


def feather(count, target):
    """One batch, compressed by what the name says, as pyarrow.feather.write_feather makes of up to 65,536 rows."""
    import pyarrow as pa
    from pyarrow import feather

    features = np.empty((count, BOXES, SIZE), "<f4")
    shares = np.empty((count, BOXES, 4), "<f4")
    for i, p in enumerate(map(picture, range(count))):
        features[i], shares[i] = p["features"], p["shares"]
    lists = lambda array, size: pa.FixedSizeListArray.from_arrays(array, size)
    nested = lambda array: lists(lists(pa.array(array.reshape(-1)), array.shape[2]), BOXES)
    ids = pa.array([f"COCO_train2014_{i:012d}" for i in range(count)])
    table = pa.table({"img_id": ids, "boxes": nested(shares), "roi_features": nested(features)})
    feather.write_feather(table, str(target), compression=target.suffixes[0][1:])


def npz_tar(count, target):
    import tarfile
    import tempfile

    with tempfile.TemporaryDirectory() as place, tarfile.open(target, "w:gz", compresslevel=1) as tar:
        name = Path(place) / "one.npz"
        for p in map(picture, range(count)):
            np.savez(name, x=p["features"], bbox=p["boxes"], num_bbox=p["n"], image_h=H, image_w=W)
            tar.add(name, f"./train2014/{p['id']}.jpg.npz")


def parquet(count, target):
    """Questions with pictures of 100 kB inside, three rows a picture, in row groups of a thousand."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    answer = pa.list_(pa.struct([("answer", pa.string()), ("answer_confidence", pa.string()), ("answer_id", pa.int64())]))
    names = ["question_type", "multiple_choice_answer", "answer_type", "question"]
    columns = [(name, pa.string()) for name in names] + [("image_id", pa.int64()), ("question_id", pa.int64())]
    schema = pa.schema([*columns, ("answers", answer), ("image", image)])
    noise = random.bytes(200_000)

    def row(i):
        answers = [{"answer": "yes", "answer_confidence": "yes", "answer_id": k + 1} for k in range(10)]
        jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF" + (i // 3).to_bytes(4, "little") + noise[i // 3 % 99_000 :][:100_000]
        return {
            **{"question_type": "is", "multiple_choice_answer": "yes", "answer_type": "yes/no", "question": "Is it?"},
            **{"image_id": i // 3 + 1, "question_id": 10 * (i // 3 + 1) + i % 3, "answers": answers},
            "image": {"bytes": jpeg, "path": f"COCO_val2014_{i // 3 + 1:012d}.jpg"},
        }

    with pq.ParquetWriter(target, schema, compression="snappy", use_dictionary=names) as writer:
        for start in range(0, count, 1000):
            rows = [row(i) for i in range(start, min(start + 1000, count))]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


if __name__ == "__main__":
    kind, number, path = sys.argv[1:]
    globals()[kind](int(number), Path(path))
