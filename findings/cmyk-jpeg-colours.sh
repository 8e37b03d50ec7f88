#!/usr/bin/env bash
# Pillow 13.0.0, OpenCV 5.0.0.93 and sharp 0.35.5 decode an RGB JPEG to the same bytes, a CMYK JPEG to other colours.
#
# What:    Pillow and OpenCV turn CMYK into RGB by arithmetic ((255 - ink) * (255 - black) / 255). sharp (libvips) converts
#          through the colour profile of a printing press that it brings along, also where the file has no profile. Pure cyan
#          is (0, 255, 255) by arithmetic and (0, 153, 227) in sharp. `toColourspace('cmyk')` is no way back: it prints the picture
#          anew and gives (189, 40, 0, 0) for the stored (255, 0, 0, 0).
# A guess: tried on ordinary pictures, the three agree to the last bit, so any of them will do.
# Hurt:    whoever extracts features with one of them and serves with the other: a CMYK picture gets other regions, and
#          nothing is logged. Web pictures, and sets gathered from the web, hold some.
# Instead: look for four channels first (Pillow's mode CMYK, sharp's metadata().space 'cmyk'), and convert these pictures
#          once, to files in RGB, with one library for training and serving.
#
# Seen (R, G, B):             Pillow            OpenCV            sharp
#   cyan (255, 0, 0, 0)       0 255 255         1 255 255         0 153 227
#   magenta (0, 255, 0, 0)    255 0 255         255 1 255         234 0 128
#   black (0, 0, 0, 255)      0 0 0             0 0 0             20 5 0
#   RGB JPEG, 4:2:0           all bytes equal
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps \
  numpy==2.4.6 Pillow==13.0.0 opencv-python-headless==5.0.0.93
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund sharp@0.35.5

cat > "$folder/pillow.py" <<'PY'
import sys
from pathlib import Path
import cv2
import numpy as np
from PIL import Image

folder = Path(sys.argv[1])
print("inks (C, M, Y, K): Pillow, OpenCV")
same = True
for name, inks, pillow, opencv in (
    ("cyan", (255, 0, 0, 0), [0, 255, 255], [1, 255, 255]),
    ("magenta", (0, 255, 0, 0), [255, 0, 255], [255, 1, 255]),
    ("black", (0, 0, 0, 255), [0, 0, 0], [0, 0, 0]),
):
    path = str(folder / f"{name}.jpg")
    Image.new("CMYK", (16, 16), inks).save(path, quality=100)
    seen = (np.asarray(Image.open(path).convert("RGB"))[8, 8].tolist(), cv2.imread(path)[8, 8, ::-1].tolist())
    print(inks, *seen)
    same = same and seen == (pillow, opencv)

values = np.random.default_rng(0).integers(0, 256, (13, 20, 3), dtype=np.uint8)
path = str(folder / "rgb.jpg")
Image.fromarray(values).resize((161, 103), Image.Resampling.BICUBIC).save(path, quality=90, subsampling="4:2:0")
pixels = np.asarray(Image.open(path))
(folder / "rgb.raw").write_bytes(pixels.tobytes())
equal = np.array_equal(pixels, cv2.imread(path)[..., ::-1])
print("RGB JPEG: Pillow and OpenCV are", "equal" if equal else "not equal")
sys.exit(0 if same and equal else "CHANGED: expected the table in this script's header")
PY
"$folder/venv/bin/python" "$folder/pillow.py" "$folder"

cat > "$folder/sharp.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
const folder = process.argv[2];
const pixel = async (picture) => {
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray((8 * 16 + 8) * info.channels, (8 * 16 + 9) * info.channels)];
};
const seen = {};
for (const name of ['cyan', 'magenta', 'black']) seen[name] = await pixel(sharp(`${folder}/${name}.jpg`));
seen.inksOfCyan = await pixel(sharp(`${folder}/cyan.jpg`).toColourspace('cmyk'));
seen.rgbEqual = (await sharp(`${folder}/rgb.jpg`).raw().toBuffer()).equals(readFileSync(`${folder}/rgb.raw`));
console.log('sharp:', JSON.stringify(seen));
const expected = { cyan: [0, 153, 227], magenta: [234, 0, 128], black: [20, 5, 0], inksOfCyan: [189, 40, 0, 0], rgbEqual: true };
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.log('CHANGED: expected', JSON.stringify(expected));
  process.exit(1);
}
JS
node "$folder/sharp.mjs" "$folder"
