#!/usr/bin/env bash
# apache-arrow 21.2.0 and hyparquet-writer 0.17.0 (JavaScript): rows that are Float32Arrays are not written as lists of numbers.
#
# What:    both take a typed array for an object with the keys "0", "1", ...: `tableFromArrays` makes a struct of one float64 column
#          for each place (2,048 for a region's features), with null where a row is shorter than the longest; `parquetWriteBuffer`
#          writes the JSON text {"0":0.5,"1":1.5}. No warning. The same numbers in plain arrays are a list of float64 in the
#          first, and JSON text too, but of an array, in the second.
# A guess: an array of Float32Arrays is the natural form of features, and a column that is one Float32Array is a float32 column in both.
# Hurt:    whoever writes features from JavaScript and sends the file to others: it opens, with the right number of rows, but twice as
#          big or more, and no reader finds a list. Read back with hyparquet, `Float32Array.from(row)` is empty, without an error.
# Instead: say the type: `vectorFromArray(rows, new FixedSizeList(2048, new Field('item', new Float32())))`; for hyparquet-writer plain
#          arrays and a schema of a list (Float32Arrays are an error there).
#
# Seen, of [0.5, 1.5] and [2.5]:
#   apache-arrow      Float32Arrays Struct<{0:Float64, 1:Float64}> {"0":2.5,"1":null}   arrays List<Float64> [2.5]
#   hyparquet-writer  Float32Arrays {"0":2.5}, Float32Array.from gives 0 numbers        arrays [2.5], Float32Array.from gives 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '{"private": true}' > "$folder/package.json"
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund \
  apache-arrow@21.2.0 hyparquet@1.33.0 hyparquet-writer@0.17.0

cat > "$folder/rows.mjs" <<'JS'
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';

async function shown(rows) {
  const arrow = tableFromIPC(tableToIPC(tableFromArrays({ features: rows }))).getChild('features');
  const file = parquetWriteBuffer({ columnData: [{ name: 'features', data: rows }] });
  const read = (await parquetReadObjects({ file }))[1].features;
  return [`${arrow.type} ${JSON.stringify(arrow.get(1))}`, `${JSON.stringify(read)}, ${Float32Array.from(read).length} numbers`];
}
const expected = {
  Float32Arrays: ['Struct<{0:Float64, 1:Float64}> {"0":2.5,"1":null}', '{"0":2.5}, 0 numbers'],
  arrays: ['List<Float64> [2.5]', '[2.5], 1 numbers'],
};
const seen = {
  Float32Arrays: await shown([Float32Array.of(0.5, 1.5), Float32Array.of(2.5)]),
  arrays: await shown([[0.5, 1.5], [2.5]]),
};
for (const [name, [arrow, parquet]] of Object.entries(seen)) console.log(`${name}: apache-arrow ${arrow}; hyparquet-writer ${parquet}`);
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.log(`CHANGED: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
JS
node "$folder/rows.mjs"
