#!/usr/bin/env node
/**
 * @file Speaks the words of src/bench/peers/peers.py for tests of `lxmert bench --peers`: FAKE_PEERS names a folder with the model
 * to export and the logits to answer with, and is told the threads there, FAKE_MISSING a package that is not there.
 */

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

const [, , , what, folder, threads] = process.argv;
const prepared = process.env.FAKE_PEERS ?? '';
const packages = ['torch', 'transformers', 'onnx', 'onnxscript', 'onnxruntime', 'openvino'];
const versions = Object.fromEntries(
  packages.map((name) => [name, name === process.env.FAKE_MISSING ? null : '1.2']),
);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

if (what === 'versions') say(versions);
else if (what === 'export') {
  cpSync(path.join(prepared, 'model'), path.join(folder, 'huggingface'), { recursive: true });
  writeFileSync(path.join(folder, 'torch_int8.onnx'), '');
} else {
  const logits = JSON.parse(readFileSync(path.join(prepared, 'logits.json'), 'utf8'));
  writeFileSync(path.join(prepared, 'threads'), threads);
  say(versions);
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    if (asked.peer === process.env.FAKE_FAILING) {
      process.stderr.write('Segmentation fault of this peer\n');
      process.exit(1);
    }
    const seconds = asked.peer.startsWith('openvino: float32') ? [1, 2, 100] : [8];
    say({ seconds, ...(asked.logits && { logits: asked.questions.map((i) => logits[i]) }) });
  }
}
