#!/usr/bin/env bash
# Pillow 13.0.0: of a grey picture of 16 bits `convert("RGB")` makes white, of the same picture in colour the right one.
#
# What:    a colour PNG or TIFF of 16 bits is opened as RGB with the upper 8 bits of each value. A grey one is opened as I;16, and
#          `convert("RGB")` or `convert("L")` keeps each value as it is up to 255 and makes 255 of all above: of 65,536 shades the darkest
#          256 are left, and the rest is white. OpenCV and sharp take the upper 8 bits of both.
# A guess: `convert("RGB")` is the line that makes any picture fit for a model, and it scales: black stays black, white white.
# Hurt:    X-rays and other medical pictures (the sets of medical questions), depth maps, scans: the loader, the transforms and the
#          detector work on a white rectangle with holes; nothing is logged, for a picture that is too bright is valid. Served
#          through sharp, the model sees another picture than it was trained on.
# Instead: where `picture.mode` begins with "I;16", `Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")`.
#
# Seen, PNG and TIFF, values 0 100 256 10000 40000 65535:
#   grey    Pillow 0 100 255 255 255 255   OpenCV 0 0 1 39 156 255   sharp 0 0 1 39 156 255
#   colour  Pillow 0 0 1 39 156 255        OpenCV 0 0 1 39 156 255   sharp 0 0 1 39 156 255
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps \
  numpy==2.4.6 pillow==13.0.0 opencv-python-headless==5.0.0.93
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund sharp@0.35.5

cat > "$folder/red.py" <<'PY'
import sys
import cv2
import numpy as np
from PIL import Image

grey = np.array([[0, 100, 256, 10000, 40000, 65535]], np.uint16)
for ending in ("png", "tif"):
    for name, pixels in (("grey", grey), ("colour", np.stack([grey] * 3, axis=-1))):
        path = f"{sys.argv[1]}/{name}.{ending}"
        cv2.imwrite(path, pixels)
        print(*np.asarray(Image.open(path).convert("RGB"))[0, :, 0], end=", ")
        print(*cv2.imread(path)[0, :, 0], end=",\n")
PY
cat > "$folder/red.mjs" <<'JS'
import sharp from 'sharp';
for (const ending of ['png', 'tif']) {
  for (const name of ['grey', 'colour']) {
    const { data, info } = await sharp(`${process.argv[2]}/${name}.${ending}`).raw().toBuffer({ resolveWithObject: true });
    console.log(data.filter((_, i) => i % info.channels === 0).join(' '));
  }
}
JS
"$folder/venv/bin/python" "$folder/red.py" "$folder" > "$folder/python"
node "$folder/red.mjs" "$folder" > "$folder/script"
upper='0 0 1 39 156 255'
expected=$(for ending in png tif; do
  echo "grey.$ending: 0 100 255 255 255 255, $upper, $upper"
  echo "colour.$ending: $upper, $upper, $upper"
done)
seen=$(paste -d' ' <(printf '%s:\n' grey.png colour.png grey.tif colour.tif) "$folder/python" "$folder/script")
printf 'Pillow, OpenCV, sharp\n%s\n' "$seen"
[ "$seen" = "$expected" ] || { printf 'CHANGED: expected\n%s\n' "$expected"; exit 1; }
