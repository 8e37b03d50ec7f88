#!/usr/bin/env bash
# h5wasm 0.10.3: features that h5py compressed with "lzf" are read in JavaScript as other numbers, without an error.
#
# What:    h5wasm decodes gzip and szip; LZF, which every h5py writes, and the rest need the package h5wasm-plugins. Without it
#          HDF5 reports the failure, and h5wasm returns the array all the same: what its memory held before, of the
#          right type and shape. HDF5's report goes to standard error, or to the console of the page; nothing is thrown.
# A guess: values or an exception, as for float16, which h5wasm cannot read either and says so by throwing.
# Hurt:    whoever reads region features in Node.js or a page that were written with "lzf", h5py's fast choice: 36 x 2048 numbers come,
#          a model answers, and a `try` around the read sees nothing.
# Instead: look at `dataset.filters` before reading (1 gzip, 2 shuffle, 3 checksum are built in, 32000 is LZF) and install the
#          plugin it names; or write with compression="gzip".
#
# Seen: gzip, filters 1: Float32Array of 73728, 73728 as written
#       lzf, filters 32000: Float32Array of 73728, 0 as written
#       float16: an error
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 h5py==3.16.0
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund h5wasm@0.10.3

"$folder/venv/bin/python" - "$folder/features.h5" <<'PY'
import sys
import h5py
import numpy as np

features = np.arange(1, 36 * 2048 + 1, dtype=np.float32).reshape(36, 2048)
with h5py.File(sys.argv[1], "w") as file:
    for compression in ("gzip", "lzf"):
        file.create_dataset(compression, data=features if compression == "lzf" else -features, compression=compression)
    file["float16"] = np.ones((36, 2048), np.float16)
with h5py.File(sys.argv[1]) as file:
    assert np.array_equal(file["lzf"], features)
PY

cat > "$folder/read.mjs" <<'JS'
import h5wasm from 'h5wasm/node';
await h5wasm.ready;
const file = new h5wasm.File(process.argv[2], 'r');
const seen = ['gzip', 'lzf'].map((name) => {
  const sign = name === 'gzip' ? -1 : 1;
  const { filters, value } = file.get(name);
  const right = value.filter((number, i) => number === sign * (i + 1)).length;
  const ids = filters.map(({ id }) => id).join(' ');
  return `${name}, filters ${ids}: ${value.constructor.name} of ${value.length}, ${right} as written`;
});
try {
  seen.push(`float16: ${file.get('float16').value.constructor.name}`);
} catch {
  seen.push('float16: an error');
}
console.log(seen.join('\n'));
const expected = [
  'gzip, filters 1: Float32Array of 73728, 73728 as written',
  'lzf, filters 32000: Float32Array of 73728, 0 as written',
  'float16: an error',
];
if (String(seen) !== String(expected)) {
  console.log(`CHANGED: expected\n${expected.join('\n')}`);
  process.exit(1);
}
JS
node "$folder/read.mjs" "$folder/features.h5" 2> "$folder/report" || { cat "$folder/report"; exit 1; }
