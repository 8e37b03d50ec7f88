/**
 * @file A model exported once, then answering without libtorch: where it answers, this package and the exported folder are
 * all there has to be. With a model of yours: `npx lxmert export onnx runs/vqa --out exported`.
 */

import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Lxmert } from 'lxmert/runtime';
import { sampleWorld, trainTinyModel } from './sampleWorld.js';

using world = await sampleWorld();
const model = await trainTinyModel(world);
const folder = path.join(await mkdtemp(path.join(os.tmpdir(), 'lxmert-example-')), 'exported');
execFileSync('npx', ['lxmert', 'export', 'onnx', model, '--out', folder], { stdio: 'pipe' });

// From here on nothing knows of libtorch: onnxruntime-node computes where it is installed, else WebAssembly.
const lxmert = await Lxmert.load(folder);
const { name, device, numThreads, reason } = lxmert.engine;
console.log(`Computed by ${name} (${device}, threads: ${numThreads}). ${reason}`);

const photo = world.picture('sample_minival_000000');
const questions = ['What is the color of the circle?', 'How many squares are there?'];
for (const { question, answers } of await lxmert.answerAll(photo, questions, { topK: 1 })) {
  for (const { answer, probability } of answers)
    console.log(`${question} ${answer}: ${(100 * probability).toFixed(1)} %`);
}
await lxmert.dispose();
