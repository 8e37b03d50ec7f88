#!/usr/bin/env bash
# transformers.js 4.3.2 under Node.js: pictures made smaller with Pillow's `resample` 2 or 3 are not what Pillow makes of them.
#
# What:    `RawImage.resize`, which every image processor uses, takes the `resample` of a preprocessor_config.json (2 is bilinear,
#          3 bicubic) but reads only the pixels next to each sampled point, also when most of the picture lies between the points.
#          Pillow weighs all pixels that fall into the new one. Lanczos (1) goes another way in the library and agrees.
# A guess: same number, same name, same pixels give or take one; the library's source says of that line that it matches Pillow.
# Hurt:    whoever runs in JavaScript a model that was trained or measured in Python, with pictures of ordinary size: 640 x 480 of
#          smooth noise made 224 x 224 differs by 7 of 255 a pixel on average (bilinear), at worst by 43. Nothing fails; scores drop.
# Instead: make the picture the wanted size first, with sharp's `resize(width, height, {fit: 'fill', kernel: 'linear'})` ('cubic'
#          for 3), which weighs all pixels too: 0.2 a pixel from Pillow on the same noise.
#
# Seen, of a chessboard with fields of one pixel, 512 x 512 made 128 x 128 (a quarter):
#   lanczos   Pillow 127 to 128   transformers.js 128 to 128
#   bilinear  Pillow 127 to 128   transformers.js 0 to 0
#   bicubic   Pillow 127 to 128   transformers.js 0 to 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps numpy==2.4.6 pillow==13.0.0
# Only the picture part is used: the runtimes for models, hundreds of megabytes, are replaced by their interface.
mkdir "$folder/runtime"
echo '{"name": "runtime", "version": "1.0.0", "type": "module", "exports": {".": "./index.js", "./webgpu": "./index.js"}}' > "$folder/runtime/package.json"
echo 'export const env = {}, InferenceSession = {}; export class Tensor {} export default { env, InferenceSession, Tensor };' > "$folder/runtime/index.js"
cat > "$folder/package.json" <<'JSON'
{
  "private": true,
  "dependencies": { "@huggingface/transformers": "4.3.2", "sharp": "0.35.4", "onnxruntime-common": "1.30.0" },
  "overrides": { "onnxruntime-node": "file:./runtime", "onnxruntime-web": "file:./runtime" }
}
JSON
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund

cat > "$folder/resize.mjs" <<'JS'
import { RawImage } from '@huggingface/transformers';
const size = 512;
const pixels = Uint8Array.from({ length: size * size * 3 }, (_, i) => ((Math.floor(i / 3) + Math.floor(i / 3 / size)) % 2) * 255);
for (const resample of [1, 2, 3]) {
  const { data } = await new RawImage(pixels, size, size, 3).resize(128, 128, { resample });
  console.log(`${data.reduce((a, b) => Math.min(a, b))} to ${data.reduce((a, b) => Math.max(a, b))}`);
}
JS
cat > "$folder/resize.py" <<'PY'
import numpy as np
from PIL import Image

rows, columns = np.mgrid[:512, :512]
board = Image.fromarray(np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2))
for resample in (1, 2, 3):
    pixels = np.asarray(board.resize((128, 128), resample))
    print(f"{pixels.min()} to {pixels.max()}")
PY
mapfile -t pillow < <("$folder/venv/bin/python" "$folder/resize.py")
mapfile -t script < <(node "$folder/resize.mjs" 2> /dev/null)
status=0
check() { # place, name, Pillow's, transformers.js's
  echo "$2: Pillow ${pillow[$1]}, transformers.js ${script[$1]}"
  [ "${pillow[$1]}/${script[$1]}" = "$3/$4" ] || { echo "CHANGED: expected Pillow $3, transformers.js $4"; status=1; }
}
check 0 lanczos '127 to 128' '128 to 128'
check 1 bilinear '127 to 128' '0 to 0'
check 2 bicubic '127 to 128' '0 to 0'
exit $status
