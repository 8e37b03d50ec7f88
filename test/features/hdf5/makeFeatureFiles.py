"""Writes HDF5 files of region features into this folder as the field's programs write them, and the same rows as obj36 TSV.

Made-up numbers: three pictures, eight values a region. Run it in this folder: python makeFeatureFiles.py (h5py 3.16, numpy).

vlt5_obj36.h5           a group for each picture: VL-T5 and volta (train2014_obj36.h5), as h5py writes by default
volta_boxes36.h5        the same without labels, compressed, libver='latest' (*_boxes36.h5)
train36.hdf5            bottom-up-attention-vqa, 3 boxes a picture; its ids in train36_imgid2idx.pkl (protocol 0, as Python 2 wrote it)
train.hdf5              ban-vqa, 2 to 4 boxes; its ids in train_imgid2idx.pkl (protocol 2)
gqa/                    GQA's own: gqa_objects_0.h5, gqa_objects_1.h5 with room for 5 boxes, gqa_objects_info.json
coco_detections.hdf5    meshed memory: ID_features, ID_boxes, ID_cls_prob; sizes of pictures in sizes.json, as COCO's annotations have them
visdial.h5              the starter code of VisDial: image_ids, features, boxes, classes, scores
*.tsv                   what each holds, in the order of its rows
"""

import base64
import json
import os
import pickle

import h5py
import numpy as np

rng = np.random.default_rng(20)


def picture(name, width, height, n):
    corners = rng.random((n, 2, 2)) * [width, height]
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1).astype("f4")
    boxes[0] = [0, 0, width, height]
    return {
        "id": name,
        "width": width,
        "height": height,
        "boxes": boxes,
        "features": np.maximum(rng.normal(1, 2, (n, 8)), 0).astype("f4"),
        "objects_id": rng.integers(0, 1600, n),
        "objects_conf": rng.random(n).astype("f4"),
        "attrs_id": rng.integers(0, 400, n),
        "attrs_conf": rng.random(n).astype("f4"),
    }


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def write_tsv(name, pictures, labels=True):
    with open(name, "w", newline="") as file:
        for p in pictures:
            n = len(p["boxes"])
            kept = p if labels else {k: np.zeros_like(v) if k.startswith(("objects", "attrs")) else v for k, v in p.items()}
            columns = [p["id"], p["height"], p["width"]]
            columns += [text(kept[k]) for k in ("objects_id", "objects_conf", "attrs_id", "attrs_conf")]
            columns += [n, text(p["boxes"]), text(p["features"])]
            file.write("\t".join(str(c) for c in columns) + "\r\n")


names = ["COCO_train2014_000000000009", "COCO_train2014_000000132417", "COCO_train2014_000000573195"]
sizes = [(640, 480), (500, 333), (427, 640)]
varied = [picture(name, *size, n) for name, size, n in zip(names, sizes, (3, 2, 4))]
equal = [picture(str(int(name[-12:])), *size, 3) for name, size in zip(names, sizes)]
numbered = [{**p, "id": str(int(p["id"][-12:]))} for p in varied]


def spatial(p):
    shares = p["boxes"] / np.array([p["width"], p["height"]] * 2, "f4")
    return np.concatenate([shares, shares[:, 2:] - shares[:, :2]], 1).astype("f4")


with h5py.File("vlt5_obj36.h5", "w") as file:
    for p in varied:
        group = file.create_group(p["id"])
        group["obj_id"], group["obj_conf"] = p["objects_id"], p["objects_conf"]
        group["attr_id"], group["attr_conf"] = p["attrs_id"], p["attrs_conf"]
        group["boxes"], group["img_w"], group["img_h"] = p["boxes"], p["width"], p["height"]
        group["features"] = p["features"]
write_tsv("vlt5_obj36.tsv", varied)

with h5py.File("volta_boxes36.h5", "w", libver="latest") as file:
    for p in varied:
        group = file.create_group(p["id"])
        group.create_dataset("features", data=p["features"], compression="gzip", shuffle=True)
        group["boxes"], group["img_w"], group["img_h"] = p["boxes"], p["width"], p["height"]
write_tsv("volta_boxes36.tsv", varied, labels=False)

with h5py.File("train36.hdf5", "w") as file:
    order = [equal[i] for i in (2, 0, 1)]
    file.create_dataset("image_bb", data=np.stack([p["boxes"] for p in order]))
    file.create_dataset("image_features", data=np.stack([p["features"] for p in order]))
    file.create_dataset("spatial_features", data=np.stack([spatial(p) for p in order]))
with open("train36_imgid2idx.pkl", "wb") as file:
    pickle.dump({int(p["id"]): i for i, p in enumerate(order)}, file, protocol=0)
write_tsv("train36.tsv", order, labels=False)

with h5py.File("train.hdf5", "w") as file:
    file.create_dataset("image_bb", data=np.concatenate([p["boxes"] for p in numbered]))
    file.create_dataset("image_features", data=np.concatenate([p["features"] for p in numbered]))
    file.create_dataset("spatial_features", data=np.concatenate([spatial(p) for p in numbered]))
    ends = np.cumsum([len(p["boxes"]) for p in numbered])
    starts = ends - [len(p["boxes"]) for p in numbered]
    file.create_dataset("pos_boxes", data=np.stack([starts, ends], 1).astype("i4"))
with open("train_imgid2idx.pkl", "wb") as file:
    pickle.dump({int(p["id"]): i for i, p in enumerate(numbered)}, file, protocol=2)
write_tsv("train.tsv", numbered, labels=False)

os.makedirs("gqa", exist_ok=True)
info = {}
for number, part in enumerate((numbered[:2], numbered[2:])):
    with h5py.File(f"gqa/gqa_objects_{number}.h5", "w") as file:
        features, boxes = np.zeros((len(part), 5, 8), "f4"), np.zeros((len(part), 5, 4), "f4")
        for i, p in enumerate(part):
            n = len(p["boxes"])
            features[i, :n], boxes[i, :n] = p["features"], p["boxes"]
            info[p["id"]] = {"width": p["width"], "height": p["height"], "objectsNum": n, "idx": i, "file": number}
        file["features"], file["bboxes"] = features, boxes
with open("gqa/gqa_objects_info.json", "w") as file:
    json.dump(dict(sorted(info.items())), file)

with h5py.File("coco_detections.hdf5", "w") as file:
    for p in numbered:
        file[f"{p['id']}_features"], file[f"{p['id']}_boxes"] = p["features"], p["boxes"]
        file[f"{p['id']}_cls_prob"] = rng.random((len(p["boxes"]), 11)).astype("f4")
by_name = sorted(numbered, key=lambda p: f"{p['id']}_features")
write_tsv("coco_detections.tsv", by_name, labels=False)
with open("sizes.json", "w") as file:
    images = [{"id": int(p["id"]), "width": p["width"], "height": p["height"], "file_name": f"{n}.jpg"} for p, n in zip(numbered, names)]
    json.dump({"info": {}, "images": images}, file)

with h5py.File("visdial.h5", "w") as file:
    file["image_ids"] = np.array([int(p["id"]) for p in equal])
    file["features"], file["boxes"] = np.stack([p["features"] for p in equal]), np.stack([p["boxes"] for p in equal])
    file["classes"], file["scores"] = np.ones((3, 3), "f4"), np.ones((3, 3), "f4")
write_tsv("visdial.tsv", equal, labels=False)
