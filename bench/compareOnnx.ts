/**
 * @file One question, full size, in turn: the exported model in `lxmert/runtime`, and what a Python user has in its place, on the
 * same random weights. Time, error of the logits against libtorch, and size, beside the machine's limits.
 *
 *     node dist/bench/compareOnnx.js --python python3 --folder FOLDER --repetitions 8
 *
 * FOLDER (4 GB), empty or not there at first, keeps what was exported for the next time.
 */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { copyRate, gemmRate } from '../src/bench/limits.js';
import { medianOf } from '../src/bench/measure.js';
import { forwardOperations } from '../src/bench/operations.js';
import { MeasuredProcess } from '../src/bench/peers/measuredProcess.js';
import { inputsOf } from '../src/bench/peers/modelInputs.js';
import { exportPeers, startPythonPeers } from '../src/bench/peers/pythonPeers.js';
import { NUM_ANSWERS, NUM_QUESTIONS, writeQuestions } from '../src/bench/peers/questions.js';
import { inTurn } from '../src/bench/peers/turns.js';
import { exportModel } from '../src/export/index.js';
import { disposeModels } from '../src/inference/ensemble.js';
import { loadModel } from '../src/inference/modelFolder.js';
import { LXMERT_BASE } from '../src/model/index.js';
import { PRECISIONS, type WeightsPrecision } from '../src/runtime/index.js';
import { runtimeLine, scope } from '../src/torch/index.js';
import type { RuntimeHello } from './onnx/runtimePeer.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    folder: { type: 'string', default: 'build/compare-onnx' },
    /** Rounds of bursts. */
    repetitions: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    /** Peers to take, in place of all. */
    peer: { type: 'string', multiple: true },
  },
});
/** As `lxmert bench --work latency --peers` has them. */
const BURST_SECONDS = 0.7;
const numThreads = Number(values.threads);
const repetitions = Number(values.repetitions);
const RUNTIME_PEER = fileURLToPath(new URL('onnx/runtimePeer.js', import.meta.url));

const PEERS = [
  'onnxruntime: float32',
  'onnxruntime: int8',
  'onnxruntime: lxmert float32',
  'onnxruntime: lxmert int8',
  'openvino: float32',
  'openvino: lxmert float32',
  'openvino: lxmert int8',
  'PyTorch: float32',
];

/** Someone who answers a question. */
interface Runner {
  readonly name: string;
  /** Seconds for each answer of a burst. */
  time(question: number): Promise<readonly number[]>;
  logits(question: number): Promise<ArrayLike<number>>;
  readonly seconds: number[];
}

const folder = path.resolve(values.folder);
await exportPeers(values.python, folder);
const { questions, vocabulary, answers } = writeQuestions(folder, NUM_QUESTIONS);
const source = { model: path.join(folder, 'huggingface'), vocabulary, answers };
const exported = path.join(folder, 'lxmert');
for (const precision of PRECISIONS) {
  if (!existsSync(graphFile(precision))) await exportModel({ source, out: exported, precision });
}
const expected = await libtorchLogits();

const { process: peers, hello: versions } = await startPythonPeers(values.python, folder, numThreads);
const [float32, int8] = [await startRuntime('float32'), await startRuntime('int8')];
const runners = [
  runnerOf('lxmert/runtime: float32', float32.process),
  runnerOf('lxmert/runtime: int8', int8.process),
  ...(values.peer ?? PEERS).map((name) => runnerOf(name, peers)),
];
console.log(`${runtimeLine()}; ${float32.hello.engine}; Python: ${JSON.stringify(versions)}`);

const errors = new Map<string, number>();
for (const runner of runners) errors.set(runner.name, await largestError(runner));
const [firstGemm, firstCopy] = [gemmRate('float32'), copyRate()];
for await (const { runner, round } of inTurn(runners, repetitions)) {
  runner.seconds.push(...(await runner.time(round % questions.length)));
}
const limits = {
  gemm: Math.max(firstGemm, gemmRate('float32')),
  copy: Math.max(firstCopy, copyRate()),
};
for (const each of [peers, float32.process, int8.process]) await each[Symbol.asyncDispose]();
report();

function graphFile(precision: WeightsPrecision): string {
  const name = { float32: 'model', float16: 'model_fp16', int8: 'model_quantized' }[precision];
  return path.join(exported, 'onnx', `${name}.onnx`);
}

async function libtorchLogits(): Promise<Float32Array[]> {
  const loaded = await loadModel(source);
  const found = questions.map((question) =>
    scope(() => {
      const { logits } = loaded.models[0]?.forward(inputsOf([question])) ?? {};
      if (logits?.answer === undefined) throw new Error('The model has no answer head.');
      return logits.answer.toFloat32Array();
    }),
  );
  disposeModels(loaded);
  return found;
}

function startRuntime(precision: WeightsPrecision) {
  const command = [process.execPath, RUNTIME_PEER, folder, precision, String(numThreads)] as const;
  return MeasuredProcess.start<RuntimeHello>(`lxmert/runtime in ${precision}`, command);
}

/** One of those that a process answers as. */
function runnerOf(name: string, answering: MeasuredProcess): Runner {
  const once = { peer: name, warmUp: 0, atLeast: 1, seconds: 0, logits: true };
  const burst = { peer: name, warmUp: 1, atLeast: 2, seconds: BURST_SECONDS, logits: false };
  return {
    name,
    seconds: [],
    time: async (question) => (await answering.measure({ ...burst, questions: [question] })).seconds,
    logits: async (question) =>
      (await answering.measure({ ...once, questions: [question] })).logits?.[0] ?? [],
  };
}

/** Of all questions, as a share of libtorch's largest logit. */
async function largestError({ logits }: Runner): Promise<number> {
  let [error, largest] = [0, 0];
  for (const [i, values] of expected.entries()) {
    const found = await logits(i);
    for (const [k, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(value));
      error = Math.max(error, Math.abs(value - (found[k] ?? Number.NaN)));
    }
  }
  return error / largest;
}

function report(): void {
  const medianByName = new Map(runners.map(({ name, seconds }) => [name, medianOf(seconds)]));
  const ratio = (name: string, to: string): string => {
    const [own, other] = [medianByName.get(name), medianByName.get(to)];
    return own === undefined || other === undefined ? '' : (own / other).toFixed(2);
  };
  console.log(
    '\n| who | median | least | of onnxruntime float32 | of onnxruntime int8 | largest error of the logits |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const { name, seconds } of runners) {
    const cells = [
      name,
      `${(1e3 * medianOf(seconds)).toFixed(1)} ms`,
      `${(1e3 * Math.min(...seconds)).toFixed(1)} ms`,
      ratio(name, 'onnxruntime: float32'),
      ratio(name, 'onnxruntime: int8'),
      (errors.get(name) ?? Number.NaN).toExponential(1),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const sizes = PRECISIONS.map(
    (precision) => `${precision} ${(statSync(graphFile(precision)).size / 1e6).toFixed(1)} MB`,
  );
  console.log(`\nSizes: ${sizes.join(', ')}.`);
  const lengths = questions.map(({ inputIds }) => inputIds.length);
  const operations =
    lengths
      .map((length) => ({ numPieces: [length], numRegions: questions[0]?.row.numBoxes ?? 0, numImages: 1 }))
      .reduce((sum, size) => sum + forwardOperations(LXMERT_BASE, size, NUM_ANSWERS), 0) / lengths.length;
  const weights = statSync(graphFile('float32')).size;
  console.log(
    `Limits: ${(operations / 1e9).toFixed(1)} GFLOP at ${(limits.gemm / 1e9).toFixed(0)} GFLOP/s of float32 products ` +
      `${((1e3 * operations) / limits.gemm).toFixed(1)} ms; reading float32 weights at ${(limits.copy / 1e9).toFixed(1)} GB/s of a copy ` +
      `${((1e3 * weights) / limits.copy).toFixed(1)} ms.`,
  );
}
