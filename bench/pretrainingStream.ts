/**
 * @file Pre-training from a feature store that is larger than memory, beside the same steps on images that are in memory:
 * `node dist/bench/pretrainingStream.js make FOLDER IMAGES`, then `... run FOLDER STEPS [BATCH]` where memory is limited.
 */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { medianOf } from '../src/bench/measure.js';
import { peakMemory, resetPeakMemory } from '../src/bench/peakMemory.js';
import { lengthOf } from '../src/bench/questions.js';
import { madeUpVocabulary } from '../src/bench/work/madeUpQuestions.js';
import { randomImageId, writeRandomStore } from '../src/bench/work/randomStore.js';
import { BenchTrainer } from '../src/bench/work/trainer.js';
import { Random } from '../src/common/random.js';
import { CorpusBuilder, type PretrainingCorpus } from '../src/data/pretraining/corpus.js';
import { drawsOf } from '../src/data/pretraining/draws.js';
import { sampleExample } from '../src/data/pretraining/sampling.js';
import { FeatureStore } from '../src/features/index.js';
import { LXMERT_BASE, PretrainingModel, PUBLISHED_CLASSES } from '../src/model/index.js';
import { pretrainingBatch, sentencePieces } from '../src/tasks/pretraining/batch.js';
import { DEFAULT_LOSSES } from '../src/tasks/pretraining/labels.js';
import { pretrainingLosses } from '../src/tasks/pretraining/losses.js';
import { WordPieceTokenizer } from '../src/text/index.js';
import { manualSeed, scope } from '../src/torch/index.js';
import { runtimeLine } from '../src/torch/runtime.js';

/** Images of the run that is held against: few enough to stay in memory. */
const NUM_HELD = 64;
const WARM_UP = 2;
const SAMPLING = { matching: true, wordMaskRate: 0.15, regionMaskRate: 0.15 };

/** One sentence about each image. */
function corpusOf(numImages: number): PretrainingCorpus {
  const builder = new CorpusBuilder();
  for (let i = 0; i < numImages; i++) {
    const words = Array.from({ length: lengthOf(i) - 2 }, (_, k) => `word${(31 * i + k) % 1000}`);
    builder.add(randomImageId(i), 'mscoco', words.join(' '), undefined);
  }
  return builder.finish();
}

/** Bytes that this process had the disks read. */
function bytesFromDisk(): number {
  return Number(/^read_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? Number.NaN);
}

/** The limit that a control group sets on memory, in bytes. */
function memoryLimit(): number | undefined {
  const groups = readFileSync('/proc/self/cgroup', 'utf8');
  const [, second] = /^0::(.*)$/m.exec(groups) ?? [];
  const [, first] = /^\d+:memory:(.*)$/m.exec(groups) ?? [];
  const files = [
    ...(first === undefined ? [] : [path.join('/sys/fs/cgroup/memory', first, 'memory.limit_in_bytes')]),
    ...(second === undefined ? [] : [path.join('/sys/fs/cgroup', second, 'memory.max')]),
  ];
  const limits = files
    .filter((file) => existsSync(file))
    .map((file) => Number(readFileSync(file, 'utf8').trim()))
    .filter((limit) => Number.isFinite(limit) && limit < 2 ** 50);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

interface Source {
  readonly corpus: PretrainingCorpus;
  readonly store: FeatureStore;
}

async function run(folder: string, numSteps: number, batchSize: number): Promise<void> {
  manualSeed(1);
  const model = new PretrainingModel(LXMERT_BASE, PUBLISHED_CLASSES);
  const tokenizer = new WordPieceTokenizer(madeUpVocabulary(LXMERT_BASE.vocabSize));
  const text = sentencePieces(tokenizer, 20);
  using large = FeatureStore.open(folder);
  using held = FeatureStore.open(folder, { maxImagesEach: NUM_HELD });
  const numBytes = large.numImages * large.maxBoxes * large.featureSize * 2;
  using trainer = new BenchTrainer(model, 'float32');
  const random = new Random(3);
  // As a run does it: the images of a step are asked for while the one before is computed.
  const next = new Map<PretrainingCorpus, number[]>();
  const prefetch = (corpus: PretrainingCorpus, store: FeatureStore): void => {
    const examples = Array.from({ length: batchSize }, () => random.integer(corpus.size));
    next.set(corpus, examples);
    store.prefetch(examples.map((example) => corpus.imageIdOf(example)));
  };
  const step = ({ corpus, store }: Source, number: number): { seconds: number; reading: number } => {
    const start = performance.now();
    let read = start;
    scope(() => {
      const examples = next.get(corpus)?.map((example) => {
        const draws = drawsOf(1, `step ${number}`, example);
        return sampleExample(corpus, example, text, () => store.maxBoxes, SAMPLING, draws);
      });
      const sources = { corpus, features: store, tokenizer, classes: PUBLISHED_CLASSES };
      const batch = pretrainingBatch(examples ?? [], sources);
      prefetch(corpus, store);
      read = performance.now();
      trainer.step(pretrainingLosses(model, batch, DEFAULT_LOSSES, { training: true }).total);
    });
    return { seconds: (performance.now() - start) / 1000, reading: (read - start) / 1000 };
  };
  const streaming = { corpus: corpusOf(large.numImages), store: large };
  const inMemory = { corpus: corpusOf(NUM_HELD), store: held };
  for (const { corpus, store } of [streaming, inMemory]) prefetch(corpus, store);
  // Touches every image that is to be in memory.
  scope(() => void held.gather(held.imageIds));
  resetPeakMemory();
  const seconds = { streaming: [] as number[], inMemory: [] as number[], reading: [] as number[] };
  let before = bytesFromDisk();
  for (let number = -WARM_UP; number < numSteps; number++) {
    if (number === 0) before = bytesFromDisk();
    // In turn, so that both see the machine alike.
    const one = step(inMemory, number);
    const other = step(streaming, number);
    if (number < 0) continue;
    seconds.inMemory.push(one.seconds);
    seconds.streaming.push(other.seconds);
    seconds.reading.push(other.reading);
  }
  const read = bytesFromDisk() - before;
  const limit = memoryLimit();
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  const [median, medianHeld] = [medianOf(seconds.streaming), medianOf(seconds.inMemory)];
  console.log(
    [
      runtimeLine(),
      `Store: ${large.numImages} images, ${gigabytes(numBytes)} of features. Memory limit: ${limit === undefined ? 'none' : gigabytes(limit)}; at most ${gigabytes(peakMemory())} resident, mapped pages included.`,
      `Steps of ${batchSize} sentences, full-size model, all losses, ${numSteps} of each in turn:`,
      `  images in memory       median ${medianHeld.toFixed(3)} s, ${(batchSize / medianHeld).toFixed(2)} sentences/s`,
      `  images from the store  median ${median.toFixed(3)} s, ${(batchSize / median).toFixed(2)} sentences/s, of which ${(1000 * medianOf(seconds.reading)).toFixed(1)} ms to read and mask`,
      `  throughput             ${((100 * medianHeld) / median).toFixed(1)} % of that in memory (${((100 * sum(seconds.inMemory)) / sum(seconds.streaming)).toFixed(1)} % by totals)`,
      `  read from disk         ${gigabytes(read)}, ${(read / numSteps / batchSize / 1e3).toFixed(0)} kB for each image asked for`,
    ].join('\n'),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const [verb, folder, count, batch] = process.argv.slice(2);
const number = Number(count);
if ((verb !== 'make' && verb !== 'run') || folder === undefined || !(number >= 1)) {
  console.error(
    'Expected: pretrainingStream.js make FOLDER IMAGES, or: pretrainingStream.js run FOLDER STEPS [BATCH]',
  );
  process.exitCode = 2;
} else if (verb === 'make') await writeRandomStore(folder, number, LXMERT_BASE.visualFeatureSize);
else await run(folder, number, Number(batch ?? 32));
