#!/usr/bin/env bash
# hyparquet 1.33.0 gives the pictures of a Parquet data set as text, with each byte that is no UTF-8 replaced.
#
# What:    A BYTE_ARRAY column without a text annotation (`image.bytes` in data sets of the Hugging Face hub) is decoded as UTF-8
#          by default. A JPEG, whose first bytes are FF D8 FF E0, comes as a string that begins with four replacement characters:
#          the picture is gone and nothing is raised. The file says which columns are text; the default does not ask it.
# A guess: a column that the file calls binary comes as a Uint8Array, as pyarrow gives `bytes`.
# Hurt:    whoever writes `Buffer.from(row.image.bytes)` stores a longer file that no decoder takes; the text columns beside it
#          (question, answers) are right, which makes the reader look sound.
# Instead: pass `utf8: false`; annotated text columns stay strings.
#
# Seen: default       question "what is it"   image.bytes string, code points fffd fffd fffd fffd 0 10 4a 46 49 46
#       utf8: false   question "what is it"   image.bytes Uint8Array, ff d8 ff e0 0 10 4a 46 49 46
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps pyarrow==26.0.1
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund hyparquet@1.33.0

"$folder/venv/bin/python" - "$folder/rows.parquet" <<'PY'
import sys
import pyarrow
import pyarrow.parquet

jpeg = bytes.fromhex("ffd8ffe000104a464946")
rows = pyarrow.table({"question": ["what is it"], "image": [{"bytes": jpeg, "path": "a.jpg"}]})
assert rows.schema.field("image").type.field("bytes").type == pyarrow.binary()
pyarrow.parquet.write_table(rows, sys.argv[1])
PY

cat > "$folder/read.mjs" <<'JS'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';

const file = await asyncBufferFromFile(process.argv[2]);
async function read(options) {
  const [{ question, image }] = await parquetReadObjects({ file, ...options });
  const isText = typeof image.bytes === 'string';
  const codes = isText ? [...image.bytes].map((character) => character.codePointAt(0)) : [...image.bytes];
  return `question ${question}, bytes ${isText ? 'text' : image.bytes.constructor.name}: ${codes.map((code) => code.toString(16)).join(' ')}`;
}
const seen = [await read({}), await read({ utf8: false })];
console.log(`default:     ${seen[0]}\nutf8: false: ${seen[1]}`);
const expected = [
  'question what is it, bytes text: fffd fffd fffd fffd 0 10 4a 46 49 46',
  'question what is it, bytes Uint8Array: ff d8 ff e0 0 10 4a 46 49 46',
];
if (seen.join() !== expected.join()) {
  console.error(`CHANGED: expected ${expected.join(' and ')}`);
  process.exit(1);
}
JS
node "$folder/read.mjs" "$folder/rows.parquet"
