#!/usr/bin/env bash
# onnxruntime-node 1.30.0 on Linux x64: `npm install` fails where only the npm registry can be reached, although the package
# brings all that its processor backend needs.
#
# What:    A postinstall script fetches GPU libraries from api.nuget.org, on machines without a GPU too. When it cannot, it ends
#          with 1, and npm takes back the whole installation: the package's own, and that of everything which depends on it.
# A guess: what a backend needs that nobody asked for is optional; libonnxruntime.so and the binding lie in the package.
# Hurt:    builds behind a registry proxy, in containers without other ways out, and every package that has this one as a
#          dependency: the error names a host that none of them knows.
# Instead: `npm install --ignore-scripts`, or ONNXRUNTIME_NODE_INSTALL=skip; both compute on the processor.
#
# Seen: npm install                                    fails, nothing installed
#       npm install with ONNXRUNTIME_NODE_INSTALL=skip works: [2,4,6]
#       npm install --ignore-scripts                   works: [2,4,6]
set -euo pipefail
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo 'This is about Linux on x86_64.'; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# y = x + x, as an ONNX file.
cat > "$folder/double.mjs" <<'JS'
import { createRequire } from 'node:module';
const { InferenceSession, Tensor } = createRequire(`${process.argv[2]}/`)('onnxruntime-node');
const text = (field, value) => [(field << 3) | 2, value.length, ...Buffer.from(value)];
const message = (field, bytes) => [(field << 3) | 2, bytes.length, ...bytes];
const shape = message(2, message(1, [0x08, 3]));
const value = (name) => [...text(1, name), ...message(2, message(1, [0x08, 1, ...shape]))];
const node = [...text(1, 'x'), ...text(1, 'x'), ...text(2, 'y'), ...text(4, 'Add')];
const graph = [...message(1, node), ...text(2, 'g'), ...message(11, value('x')), ...message(12, value('y'))];
const model = Uint8Array.from([0x08, 8, ...message(7, graph), ...message(8, [0x10, 17])]);
const session = await InferenceSession.create(model);
const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3), [3]) });
console.log(`works: ${JSON.stringify([...y.data])}`);
JS

# The script of the package asks this proxy, and npm does not: nothing but the registry can be reached.
export GLOBAL_AGENT_HTTP_PROXY=http://127.0.0.1:9 GLOBAL_AGENT_HTTPS_PROXY=http://127.0.0.1:9
attempt() { # name, npm's arguments...
  mkdir "$folder/$1"
  echo '{"private": true}' > "$folder/$1/package.json"
  if ! npm install --prefix "$folder/$1" --silent --no-audit --no-fund --ignore-scripts=false "${@:2}" onnxruntime-node@1.30.0 > /dev/null 2>&1; then
    if [ -e "$folder/$1/node_modules/onnxruntime-node" ]; then echo 'fails'; else echo 'fails, nothing installed'; fi
  else
    node "$folder/double.mjs" "$folder/$1"
  fi
}
status=0
check() { # what, seen, expected
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: expected $3"; status=1; }
}
check 'npm install' "$(attempt plain)" 'fails, nothing installed'
check 'npm install with ONNXRUNTIME_NODE_INSTALL=skip' "$(ONNXRUNTIME_NODE_INSTALL=skip attempt skip)" 'works: [2,4,6]'
check 'npm install --ignore-scripts' "$(attempt ignore --ignore-scripts)" 'works: [2,4,6]'
exit $status
