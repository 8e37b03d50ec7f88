#!/usr/bin/env bash
# apache-arrow 21.2.0 (JavaScript): a small number written as float16 becomes -Infinity, a large one a small number.
#
# What:    the builder (`vectorFromArray`, `tableFromArrays` with a type) converts to half precision by hand. A positive number below
#          the smallest half, 6e-8, comes out as another number, -Infinity among them, instead of 0; one from 65,536 on
#          starts again from the bottom (70,000 is 2.13, -70,000 is -2.13) instead of being Infinity. No error, no warning.
# A guess: what every converter does, and this one too from 6e-8 to 65,535 and at Infinity: the nearest half, 0 below, Infinity above.
# Hurt:    whoever writes region features or class probabilities in float16 from JavaScript. A softmax over 1,600 objects is full of
#          numbers such as 1e-8, and one -Infinity in a row makes NaN of every answer of that picture.
# Instead: convert before (`Float16Array`, `Math.f16round`, or a package for it) and build the vector of the bits:
#          `makeData({type: new Float16(), data: bits})`; or write float32.
#
# Seen: 0.1 0.0999755859375, 1e-7 1.1920928955078125e-7, 1e-8 -Infinity, 1e-9 0.000041961669921875,
#       65519 65504, 65520 Infinity, 70000 2.134765625, 1000000 3.814453125
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '{"private": true}' > "$folder/package.json"
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund apache-arrow@21.2.0

cat > "$folder/write.mjs" <<'JS'
import { FixedSizeList, Float16, Field, Table, tableFromIPC, tableToIPC, vectorFromArray } from 'apache-arrow';
const expected = new Map([
  [0.1, 0.0999755859375], [1e-7, 1.1920928955078125e-7], [1e-8, -Infinity], [1e-9, 0.000041961669921875],
  [65519, 65504], [65520, Infinity], [70000, 2.134765625], [1000000, 3.814453125],
]);
const type = new FixedSizeList(expected.size, new Field('item', new Float16()));
const table = tableFromIPC(tableToIPC(new Table({ features: vectorFromArray([[...expected.keys()]], type) })));
const seen = [...table.getChild('features').get(0)];
console.log([...expected.keys()].map((number, i) => `${number} is read back as ${seen[i]}`).join('\n'));
if (!Object.is(String(seen), String([...expected.values()]))) {
  console.log(`CHANGED: expected ${[...expected.values()]}`);
  process.exit(1);
}
JS
node "$folder/write.mjs"
