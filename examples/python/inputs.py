"""What an exported model reads: the words of a question, and the regions of a picture from a file of the published form."""

import base64
import csv

import numpy as np
from tokenizers import Tokenizer

COLUMNS = "img_id img_h img_w objects_id objects_conf attrs_id attrs_conf num_boxes boxes features".split()
csv.field_size_limit(2**31 - 1)


def model_inputs(folder, regions_file, image_id, question):
    with open(regions_file) as lines:
        rows = csv.DictReader(lines, COLUMNS, delimiter="\t")
        row = next(row for row in rows if row["img_id"] == image_id)
    boxes, features = (
        np.frombuffer(base64.b64decode(row[name]), np.float32).reshape(1, int(row["num_boxes"]), -1)
        for name in ["boxes", "features"]
    )
    words = Tokenizer.from_file(f"{folder}/tokenizer.json").encode(question)
    return {
        "input_ids": np.array([words.ids]),
        "attention_mask": np.array([words.attention_mask]),
        "token_type_ids": np.array([words.type_ids]),
        "visual_feats": features,
        "visual_pos": boxes / np.array([row["img_w"], row["img_h"]] * 2, np.float32),
        "visual_attention_mask": np.ones(boxes.shape[:2], np.int64),
    }
