#!/usr/bin/env bash
# apache-arrow 21.2.0 for JavaScript gives one value of a float16 vector as a number, all of them as their bit patterns.
#
# What:    `vector.get(i)` of a halffloat column is the value (0.5); `vector.toArray()` is a Uint16Array of raw bits (14336). A row of
#          a list<halffloat> column, the form in which region features are kept, is a vector itself, so `row.toArray()` has bits
#          too. Float32 columns of the same table give values either way.
# A guess: `toArray()` is the fast way to what `get(i)` gives, as it is for every other number type.
# Hurt:    features read so are whole numbers between 0 and 65535: no error, and the right shape.
# Instead: read values by `get(i)` or the iterator, or convert each bit pattern (DataView.getFloat16 where the runtime has it).
#
# Seen: float16 0.5 1.5 35:  get 0.5 1.5 35   toArray Uint16Array 14336 15872 20576   row of a list Uint16Array 14336 15872 20576
#       float32 0.5 1.5 35:  get 0.5 1.5 35   toArray Float32Array 0.5 1.5 35         row of a list Float32Array 0.5 1.5 35
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps numpy==2.4.6 pyarrow==26.0.1
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund apache-arrow@21.2.0

"$folder/venv/bin/python" - "$folder/features.arrow" <<'PY'
import sys
import numpy as np
import pyarrow
import pyarrow.feather

columns = {}
for name in ("float16", "float32"):
    values = np.array([0.5, 1.5, 35.0], name)
    columns[name] = pyarrow.array(values)
    columns[name + "_rows"] = pyarrow.array([values] * 3)
pyarrow.feather.write_feather(pyarrow.table(columns), sys.argv[1], compression="uncompressed")
PY

cat > "$folder/read.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { tableFromIPC } from 'apache-arrow';

const table = tableFromIPC(readFileSync(process.argv[2]));
const text = (array) => `${array.constructor.name} ${array.join(' ')}`;
let changed = false;
for (const [name, expected] of [
  ['float16', 'Uint16Array 14336 15872 20576'],
  ['float32', 'Float32Array 0.5 1.5 35'],
]) {
  const column = table.getChild(name);
  const each = [0, 1, 2].map((i) => column.get(i)).join(' ');
  const seen = [text(column.toArray()), text(table.getChild(`${name}_rows`).get(0).toArray())];
  console.log(`${name}: get ${each}, toArray ${seen[0]}, row of a list ${seen[1]}`);
  changed ||= each !== '0.5 1.5 35' || seen.some((found) => found !== expected);
}
if (changed) {
  console.error('CHANGED: expected the table in this script\'s header');
  process.exit(1);
}
JS
node "$folder/read.mjs" "$folder/features.arrow"
