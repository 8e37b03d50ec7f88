#!/usr/bin/env bash
# datasets 5.2.0: a picture opened from a file and changed in place is stored unchanged, if it came from a file on disk.
#
# What:    a picture that Pillow opened by its path keeps that path, and a column of pictures takes a picture with a path for the file:
#          it stores the path, not the pixels. What changes a picture in place (`thumbnail`, `paste`, drawing) leaves the path,
#          so the column gives back the picture of the file; what makes a new one (`resize`, `crop`, `convert`) has no path, and its
#          pixels are stored. In `map`, a data set of paths loses the change, one that holds the bytes keeps it.
# A guess: the column holds the picture that it was given, the more so as `map` returned it.
# Hurt:    whoever makes pictures smaller with `thumbnail`, paints faces over, or marks regions, and stores width, height or boxes of
#          the result beside them: every other column is of the new picture. Tried on a data set from the hub, which
#          holds bytes, the same function works.
# Instead: return a new picture (`picture.copy()` after the change), and compare one row's size with what was stored.
#
# Seen, a file of 200 x 100 made to fit 50 x 50:
#   from_dict, thumbnail           200 x 100
#   from_dict, thumbnail, copy     50 x 25
#   map over paths, thumbnail      200 x 100, beside it the size 50 x 25
#   map over bytes, thumbnail      50 x 25, beside it the size 50 x 25
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install datasets==5.2.0 numpy==2.4.6 pillow==13.0.0 pyarrow==26.0.1

cat > "$folder/store.py" <<'PY'
import pathlib, sys
import datasets
from PIL import Image

datasets.disable_progress_bars()
path = pathlib.Path(sys.argv[1])
Image.new("RGB", (200, 100), "red").save(path)
pictures = datasets.Features({"image": datasets.Image()})


def shown(size):
    return f"{size[0]} x {size[1]}"


def smaller(row):
    row["image"].thumbnail((50, 50))
    return {"image": row["image"], "size": shown(row["image"].size)}


seen = []
for copy in (False, True):
    picture = smaller({"image": Image.open(path)})["image"]
    stored = datasets.Dataset.from_dict({"image": [picture.copy() if copy else picture]}, features=pictures)
    seen.append(shown(stored[0]["image"].size))
for source in (str(path), {"path": None, "bytes": path.read_bytes()}):
    stored = datasets.Dataset.from_dict({"image": [source]}, features=pictures).map(smaller)
    seen.append(f"{shown(stored[0]['image'].size)}, beside it the size {stored[0]['size']}")
for name, what in zip(("from_dict, thumbnail", "from_dict, thumbnail, copy", "map over paths", "map over bytes"), seen):
    print(f"{name}: {what}")
expected = ["200 x 100", "50 x 25", "200 x 100, beside it the size 50 x 25", "50 x 25, beside it the size 50 x 25"]
sys.exit(0 if seen == expected else f"CHANGED: expected {expected}")
PY
HF_HUB_OFFLINE=1 HF_HOME="$folder/home" "$folder/venv/bin/python" "$folder/store.py" "$folder/picture.jpg"
