/** @file One process of a group, for tests: runs the scenarios that its command line lists and prints what it saw. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const load = (file) => import(pathToFileURL(path.resolve('dist/src', file)).href);
const { DataParallel } = await load('train/distributed/dataParallel.js');
const { processRank } = await load('train/distributed/environment.js');
const { FlatParameters } = await load('train/optimizers/flatParameters.js');
const { RunFolder, Trainer } = await load('train/index.js');
const { Module } = await load('model/index.js');
const { keep, scope, tensor } = await load('torch/index.js');
const ops = await load('torch/operators/index.js');

/** Pairs of a scenario's name and its settings. */
const asked = JSON.parse(process.argv[2]);
const place = processRank();

// A device must be there before the first backward pass.
const [practiceLibrary] = asked.flatMap(([, settings]) => settings?.practiceLibrary ?? []);
if (practiceLibrary !== undefined) createRequire(import.meta.url)(practiceLibrary);

const join = (agreement = {}, patience = {}) =>
  DataParallel.join({
    process: place,
    agreement: new Map(Object.entries(agreement)),
    timeoutSeconds: 10,
    arrivalSeconds: 20,
    seed: 1,
    run: { path: '.', takeOver: () => undefined },
    ...patience,
  });

/** Leaves by name, of one row each, in a flat buffer. */
function leavesOf(sizes) {
  const leaves = new Map();
  for (const [name, size] of Object.entries(sizes)) {
    const leaf = keep(tensor(new Float32Array(size).fill(1)));
    leaf.requiresGrad = true;
    leaves.set(name, { tensor: leaf, isDense: false, parts: [{ name, numRows: size }] });
  }
  return leaves;
}

let processGroup;
const scenarios = {
  /** Addresses, as the kernel writes them, that this process listens at. */
  listeners() {
    const own = new Set(
      readdirSync('/proc/self/fd').flatMap((descriptor) => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1] ?? [];
        } catch {
          return [];
        }
      }),
    );
    return ['tcp', 'tcp6'].flatMap((kind) =>
      readFileSync(`/proc/self/net/${kind}`, 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state, , , , , , inode]) => state === '0A' && own.has(inode))
        .map(([, local = '']) => local.split(':')[0]),
    );
  },

  /** Sums, copies of process 0's values, everybody's values. */
  operations() {
    const { group, rank } = processGroup;
    const sum = tensor([rank + 1, 10 * (rank + 1)]);
    const copied = tensor([rank + 7]);
    const works = [group.allReduce(sum), group.broadcast(copied, 1)];
    for (const work of works) work.wait(5);
    return {
      sum: [...sum.data()],
      copied: [...copied.data()],
      gathered: processGroup.gather({ rank, text: 'x'.repeat(rank) }),
    };
  },

  /**
   * Steps of a model whose leaves each process uses as `settings.uses[step][rank]` says: the gradient of leaf i from
   * process r is (r + 1) (i + 1).
   */
  reducer(settings) {
    const { rank } = processGroup;
    const leaves = leavesOf(settings.sizes);
    const device = settings.practiceLibrary === undefined ? 'cpu' : 'privateuseone:0';
    const flat = new FlatParameters(leaves, 'float32', device);
    // What process 0 has is everybody's.
    if (place.rank !== 0) for (const { values } of flat.groups) scope(() => ops.zero_(ops.detach(values)));
    processGroup.broadcast(flat.groups.map(({ values }) => values));
    processGroup.reduceGradientsOf(flat, settings.bucketBytes);
    const names = [...leaves.keys()];
    const steps = settings.uses.map((uses) =>
      scope(() => {
        const losses = uses[rank].map((name) =>
          ops.mul(
            ops.sum(leaves.get(name).tensor),
            ((rank + 1) * (names.indexOf(name) + 1)) / processGroup.worldSize,
          ),
        );
        processGroup.beforeLastBackward();
        const [first, ...others] = losses;
        others.reduce((sum, loss) => ops.add(sum, loss), first).backward();
        const [loss] = processGroup.afterBackward([(rank + 1) / processGroup.worldSize]);
        const gradients = names.map((name) => {
          const gradient = leaves.get(name).tensor.grad;
          if (gradient === null) return null;
          const values = new Set(gradient.toFloat32Array());
          return values.size === 1 ? [...values][0] : [...values];
        });
        const { bytes, numBuckets } = processGroup.times();
        flat.zeroGrad();
        return { loss, gradients, bytes, numBuckets, order: processGroup.bucketNames(flat) };
      }),
    );
    return { steps };
  },

  /** An embedding table: rows that only another process reads must not stay behind in the buffer. */
  embedding() {
    const { rank } = processGroup;
    const table = keep(ops.ones([4, 2]));
    table.requiresGrad = true;
    const flat = new FlatParameters(
      new Map([['table', { tensor: table, isDense: false, parts: [{ name: 'table', numRows: 4 }] }]]),
    );
    processGroup.reduceGradientsOf(flat);
    const steps = [
      [1, 2],
      [3, 3],
    ].map((rows) =>
      scope(() => {
        processGroup.beforeLastBackward();
        const read = ops.packedEmbedding(table, tensor([rows[Math.min(rank, 1)]], [1], 'int64'), 0);
        ops.sum(read).backward();
        processGroup.afterBackward([0]);
        const gradient = [...table.grad.toFloat32Array()];
        flat.zeroGrad();
        return gradient;
      }),
    );
    return { steps };
  },

  /** Meets only, with what `settings.agreements` gives each process to compare. */
  async meet({ agreements, arrivalSeconds = 20 }) {
    await join(agreements?.[place.rank], { arrivalSeconds });
    return {};
  },

  /**
   * Trains a model of one weight for three epochs of five steps in the folder `settings.run`, until the last process's
   * callback stops it after `settings.step` or `settings.epoch`.
   */
  async train({ run: folder, step: lastStep, epoch: lastEpoch }) {
    class Line extends Module {
      precision = 'float32';
      weight = this.parameter('weight', tensor([0]));
    }
    const model = new Line();
    const run = place.rank === 0 ? await RunFolder.create(folder) : RunFolder.ofOthers(folder);
    const isLast = place.rank === place.worldSize - 1;
    const callback = {
      onStep: ({ step }, { stop }) => isLast && step === lastStep && stop(),
      onEpoch: ({ epoch }, { stop }) => isLast && epoch === lastEpoch && stop(),
    };
    const task = {
      name: 'line',
      numExamples: 20,
      data: {},
      answerTable: undefined,
      prepare: (examples) => tensor(Float32Array.from(examples)),
      place: (batch) => batch,
      loss: (x) => ops.mean(ops.mul(ops.sub(ops.mul(x, model.weight), x), 0.1)),
      evaluate: async ({ inShares }) => {
        const ranks = await inShares(async ({ rank }, signal) => {
          signal?.throwIfAborted();
          return rank;
        });
        return { score: ranks.length };
      },
      save: async () => undefined,
      describeEpoch: () => 'An epoch.',
    };
    const trainer = new Trainer({
      model,
      task,
      run,
      settings: { batchSize: 4, numEpochs: 3, learningRate: 0.1 },
      callbacks: [callback],
      distributed: { process: place, timeoutSeconds: 10 },
    });
    const { numSteps, wasStopped, wasInterrupted, epochs } = await trainer.train();
    const scores = epochs.map(({ score }) => score);
    return { numSteps, wasStopped, wasInterrupted, scores, weight: model.weight.item() };
  },
};

try {
  const results = [];
  for (const [scenario, settings = {}] of asked) {
    if (scenario !== 'meet' && scenario !== 'train') processGroup ??= await join();
    results.push(await scenarios[scenario](settings));
  }
  console.log(JSON.stringify(results));
  processGroup?.[Symbol.dispose]();
} catch (error) {
  console.log(JSON.stringify([{ error: error.message }]));
}
