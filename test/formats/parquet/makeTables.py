"""Makes the tables in tables/, by pyarrow 26: the columns, types and file names of data sets on a hub, few rows each.

    python makeTables.py

VQA v2 as lmms-lab and pminervini offer it, GQA's questions and images, NLVR2 with its two pictures a row, VizWiz, OK-VQA,
A-OKVQA, and one table of other types and page forms.
"""

import datetime
import decimal
import gzip
import os
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables")
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
ANSWERS = pa.list_(
    pa.struct([("answer", pa.string()), ("answer_confidence", pa.string()), ("answer_id", pa.int64())])
)


def png(width, height, gray):
    """A gray picture."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([gray]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def picture(name, gray):
    return {"bytes": png(8, 6, gray), "path": name}


def write(name, columns, rows, **options):
    target = os.path.join(HERE, name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    schema = pa.schema(columns)
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, target, **options)


def answers(*texts):
    return [
        {"answer": text, "answer_confidence": "yes", "answer_id": i + 1} for i, text in enumerate(texts)
    ]


VQA_TEXT = [
    ("question_type", pa.string()),
    ("multiple_choice_answer", pa.string()),
    ("answers", ANSWERS),
    ("image_id", pa.int64()),
    ("answer_type", pa.string()),
    ("question_id", pa.int64()),
    ("question", pa.string()),
]


def vqa(image_id, number, question, texts, kind="other"):
    most = max(texts, key=texts.count) if texts else None
    return {
        "question_type": "what color is the" if texts else None,
        "multiple_choice_answer": most,
        "answers": answers(*texts) if texts else None,
        "image_id": image_id,
        "answer_type": kind if texts else None,
        "question_id": image_id * 1000 + number,
        "question": question,
    }


def make_vqa():
    with_image = [*VQA_TEXT, ("image", IMAGE)]

    def shown(row, half, gray):
        name = "COCO_%s_%012d.jpg" % (half, row["image_id"])
        return {**row, "image": picture(name, gray)}

    green = ["green"] * 7 + ["brown", "light green", "green"]
    yes = ["yes"] * 10
    rows = [
        shown(vqa(262148, 0, "What color is the grass?", green), "val2014", 10),
        shown(vqa(262148, 1, "Is it \u00fcber-sunny?", yes, "yes/no"), "val2014", 10),
        shown(vqa(393225, 0, "Is there a dog?", yes, "yes/no"), "val2014", 20),
        shown(vqa(393230, 0, "What is that?", ["a cat"] * 4 + ["cat"] * 6), "val2014", 30),
        shown(vqa(42, 0, "Is this a room?", yes, "yes/no"), "val2014", 40),
    ]
    for shard, part in enumerate([rows[:3], rows[3:]]):
        name = "vqa/data/validation-%05d-of-00002.parquet" % shard
        write(name, with_image, part, compression="snappy", row_group_size=2)
    testdev = [shown(vqa(1, i, question, []), "test2015", 50) for i, question in enumerate(["Is it?", "Why?"])]
    write("vqa/data/testdev-00000-of-00001.parquet", with_image, testdev, compression="gzip")
    train = [vqa(9 + i // 3, i % 3, "Is number %d even?" % i, yes, "yes/no") for i in range(12)]
    write("vqa/data/train-00000-of-00001-5b1ea1b1a8a2b2c4.parquet", VQA_TEXT, train, compression="zstd")


def make_gqa():
    spans = pa.list_(pa.struct([("objectId", pa.string()), ("value", pa.string())]))
    columns = [
        ("id", pa.string()),
        ("imageId", pa.string()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("fullAnswer", pa.string()),
        ("isBalanced", pa.bool_()),
        ("groups", pa.struct([("global", pa.string()), ("local", pa.string())])),
        ("types", pa.struct([("structural", pa.string()), ("semantic", pa.string()), ("detailed", pa.string())])),
        ("entailed", pa.string()),
        ("annotations", pa.struct([("question", spans), ("answer", spans)])),
        ("semanticStr", pa.string()),
    ]

    def row(number, image, question, answer):
        return {
            "id": "%08d" % number,
            "imageId": image,
            "question": question,
            "answer": answer,
            "fullAnswer": answer + ".",
            "isBalanced": True,
            "groups": {"global": None, "local": "13-place"},
            "types": {"structural": "query", "semantic": "global", "detailed": "place"},
            "entailed": "['%08d']" % number,
            "annotations": {"question": [{"objectId": "4", "value": "125"}], "answer": []},
            "semanticStr": "select: scene->query: place [0]",
        }

    train = [row(201, "n1", "Where is it?", "pipe"), row(202, "n2", "Is it?", "no")]
    testdev = [row(101, "n161313", "Is it overcast?", "no"), row(102, "n161313", "What is it?", "pipe")]
    write("gqa/train_balanced_instructions/train-00000-of-00001.parquet", columns, train)
    write("gqa/testdev_balanced_instructions/testdev-00000-of-00001.parquet", columns, testdev)
    images = [{"id": "n161313", "image": picture("n161313.jpg", 60)}]
    write("gqa/testdev_balanced_images/testdev-00000-of-00001.parquet", [("id", pa.string()), ("image", IMAGE)], images)


def make_nlvr2():
    columns = [
        ("question_id", pa.string()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("left_image", IMAGE),
        ("right_image", IMAGE),
    ]

    def row(identifier, sentence, label):
        pair = identifier.rsplit("-", 1)[0]
        return {
            "question_id": identifier,
            "question": sentence,
            "answer": label,
            "left_image": picture(pair + "-img0.png", 70),
            "right_image": picture(pair + "-img1.png", 80),
        }

    rows = [
        row("dev-850-0-0", "Two dogs lie there.", "True"),
        row("dev-850-0-1", "There is a cat.", "False"),
        row("dev-4-1-0", "All is red.", "True"),
    ]
    write("nlvr2/data/balanced_dev-00000-of-00001-54ed883ce96f619e.parquet", columns, rows)


def make_vizwiz():
    """VizWiz as lmms-lab/VizWiz-VQA has it: the picture itself, ids without its ending, no confidence."""
    columns = [
        ("question_id", pa.string()),
        ("image", IMAGE),
        ("question", pa.string()),
        ("answers", pa.list_(pa.string())),
        ("category", pa.string()),
    ]
    rows = [
        {
            "question_id": "VizWiz_val_%08d" % i,
            "image": picture("VizWiz_val_%08d.jpg" % i, 20 * i),
            "question": "What is this?",
            "answers": ["unanswerable"] * 10 if i == 1 else ["soup"] * 6 + ["tin"] * 4,
            "category": "unanswerable" if i == 1 else "other",
        }
        for i in range(3)
    ]
    write("vizwiz/data/val-00000-of-00002.parquet", columns, rows[:2])
    write("vizwiz/data/val-00001-of-00002.parquet", columns, rows[2:])


def make_okvqa():
    """OK-VQA as lmms-lab/OK-VQA has it: the picture itself, ids as text, answers without the rest."""
    columns = [
        ("question_id", pa.string()),
        ("image", IMAGE),
        ("question", pa.string()),
        ("answers", pa.list_(pa.string())),
        ("question_type", pa.string()),
        ("answer_type", pa.string()),
    ]
    row = {
        "question_id": "2971475",
        "image": picture(None, 90),
        "question": "What sport can you use this for?",
        "answers": ["race"] * 6 + ["motocross"] * 4,
        "question_type": "one",
        "answer_type": "other",
    }
    write("okvqa/data/val2014-00000-of-00001.parquet", columns, [row])


def make_aokvqa():
    """A-OKVQA as HuggingFaceM4 has it: the picture itself, the direct answers as Python shows a list."""
    columns = [
        ("image", IMAGE),
        ("question_id", pa.string()),
        ("question", pa.string()),
        ("choices", pa.list_(pa.string())),
        ("correct_choice_idx", pa.int8()),
        ("direct_answers", pa.string()),
        ("difficult_direct_answer", pa.bool_()),
        ("rationales", pa.list_(pa.string())),
    ]
    row = {
        "image": picture(None, 120),
        "question_id": "22MexNkBPpdZGX6sxbxVBH",
        "question": "What is the man by the bags awaiting?",
        "choices": ["skateboarder", "train", "delivery", "cab"],
        "correct_choice_idx": 3,
        "direct_answers": str(["ride"] * 3 + ["driver's cab"] * 7),
        "difficult_direct_answer": False,
        "rationales": ["He waits."],
    }
    write("aokvqa/data/train-00000-of-00001.parquet", columns, [row])


def make_kinds():
    columns = [
        ("id", pa.large_string()),
        ("number", pa.int64()),
        ("small", pa.int8()),
        ("unsigned", pa.uint32()),
        ("share", pa.float32()),
        ("when", pa.timestamp("us")),
        ("price", pa.decimal128(9, 2)),
        ("texts", pa.list_(pa.string())),
        ("category", pa.dictionary(pa.int32(), pa.string())),
        ("raw", pa.binary()),
        ("isTrue", pa.bool_()),
    ]
    rows = [
        {
            "id": "row-%d" % i,
            "number": None if i == 3 else i * 10**12,
            "small": -i,
            "unsigned": 4294967295 - i,
            "share": i / 2,
            "when": datetime.datetime(2020, 1, 1, i),
            "price": decimal.Decimal("1.25") * i,
            "texts": [] if i == 0 else ["a", None, "\u00e9"],
            "category": "even" if i % 2 == 0 else "odd",
            "raw": bytes([i, 255]),
            "isTrue": i % 2 == 0,
        }
        for i in range(8)
    ]
    write(
        "kinds.parquet",
        columns,
        rows,
        compression={"id": "brotli", "number": "lz4", "texts": "zstd"},
        row_group_size=5,
        data_page_version="2.0",
        use_dictionary=["category"],
        column_encoding={"id": "DELTA_LENGTH_BYTE_ARRAY", "number": "DELTA_BINARY_PACKED"},
    )
    texts = [{"text": "abc"}, {"text": "abcd"}]
    encoding = {"text": "DELTA_BYTE_ARRAY"}
    write("late.parquet", [("id", pa.int32()), ("when", pa.timestamp("ms"))], [{"id": 1, "when": 9 * 10**15}])
    write("prefixes.parquet", [("text", pa.string())], texts, use_dictionary=False, column_encoding=encoding)


def make_many_pages():
    """24 MB of pictures in one row group of many pages, plain (its file is packed by gzip instead) and packed."""
    columns = [("image", IMAGE), ("id", pa.int32())]
    rows = [{"image": {"bytes": bytes([i]) * (1 << 19), "path": "%d.png" % i}, "id": i} for i in range(48)]
    pages = {"data_page_size": 1 << 20, "write_batch_size": 1, "use_dictionary": False}
    write("many-pages.parquet", columns, rows, compression="none", **pages)
    write("packed-pages.parquet", columns, rows, compression="gzip", **pages)
    plain = os.path.join(HERE, "many-pages.parquet")
    with open(plain, "rb") as source, gzip.GzipFile(plain + ".gz", "wb", mtime=0) as target:
        target.write(source.read())
    os.remove(plain)


if __name__ == "__main__":
    make_vqa()
    make_gqa()
    make_nlvr2()
    make_vizwiz()
    make_okvqa()
    make_aokvqa()
    make_kinds()
    make_many_pages()
