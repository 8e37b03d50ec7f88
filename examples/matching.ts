/**
 * @file Which sentence belongs to a picture, trained in seconds on features of one's own. The published weights match as
 * they are: `Lxmert.load({ model: 'model_LXRT.pth', vocabulary: 'vocab.txt', detector: 'resnet101.caffemodel' })`.
 */

import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Lxmert, LxmertImage } from 'lxmert';
import { batchFromRows, type FeatureRow } from 'lxmert/features';
import { buildVocabulary } from 'lxmert/model';
import { AnswerTable, finetune, loadTask, QuestionSet, Random, RunFolder } from 'lxmert/train';
import { collect, TINY_SETTINGS, tinyConfig } from './sampleWorld.js';

const COLORS = ['red', 'green', 'blue', 'yellow', 'black', 'white'];
const NUM_BOXES = 2;
const random = new Random(1);

/** What a detector of one's own finds in a picture of one color: two regions, and how much of each color is in them. */
function rowOf(imageId: string, color: string): FeatureRow {
  const ofColor = COLORS.map((each) => (each === color ? 4 : 0));
  const values = [...ofColor, ...ofColor].map((value) => value + random.uniform()); // (2, 6)
  return {
    imageId,
    width: 100,
    height: 100,
    numBoxes: NUM_BOXES,
    boxes: Float32Array.of(0, 0, 50, 100, 50, 0, 100, 100), // (2, 4) in pixels
    features: Float32Array.from(values),
    // The detector's labels, which matching does not read.
    objectsId: new BigInt64Array(NUM_BOXES),
    objectsConf: new Float32Array(NUM_BOXES),
    attrsId: new BigInt64Array(NUM_BOXES),
    attrsConf: new Float32Array(NUM_BOXES),
  };
}

// In memory; `FeatureStore` is for more than fits there.
const rows = new Map<string, FeatureRow>();
const captions: { readonly image: string; readonly text: string }[] = [];
for (let i = 0; i < 108; i++) {
  const color = COLORS[i % COLORS.length] as string;
  const image = `picture_${i}`;
  rows.set(image, rowOf(image, color));
  captions.push({ image, text: `a ${color} picture` }, { image, text: `all of it is ${color}` });
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'lxmert-example-'));
const task = await loadTask('match');
const answerTable = new AnswerTable(typeof task.answers === 'string' ? [] : task.answers);
/** Caption files are JSON lines, or COCO's own. */
async function splitOf(name: string, some: typeof captions): Promise<QuestionSet> {
  const file = path.join(folder, `${name}.jsonl`);
  await writeFile(file, some.map((caption) => `${JSON.stringify(caption)}\n`).join(''));
  const questions = await collect(task.read(file));
  return new QuestionSet({
    questions,
    hasImage: (id) => rows.has(id),
    answerTable,
    unknownAnswers: 'error',
    name,
  });
}

const vocabulary = buildVocabulary(captions.map(({ text }) => text));
const tiny = tinyConfig(vocabulary);
const { bestScore, runFolder } = await finetune({
  task,
  run: await RunFolder.create(path.join(folder, 'run')),
  config: { ...tiny, hiddenSize: 64, visualFeatureSize: COLORS.length, initializerRange: 0.3 },
  vocabulary,
  training: await splitOf('train', captions.slice(0, -24)),
  validation: await splitOf('valid', captions.slice(-24)),
  // Anything that gathers regions by image id is a source of them.
  features: { gather: (ids) => batchFromRows(ids.map((id) => rows.get(id) as FeatureRow)) },
  settings: {
    ...TINY_SETTINGS,
    batchSize: 32,
    numEpochs: 40,
    learningRate: 2e-3,
    optimizer: 'adamw',
    schedule: 'constant',
    loss: task.loss,
  },
});
console.log(`Pairs judged rightly: ${(100 * bestScore).toFixed(1)} % (chance: 50 %).`);

using lxmert = await Lxmert.load({ model: runFolder });
let numRight = 0;
for (const color of COLORS) {
  const picture = LxmertImage.fromRow({ row: rowOf(`new_${color}`, color), provenance: undefined });
  const matches = await lxmert.match(
    picture,
    COLORS.map((each) => `a ${each} picture`),
  );
  const [best] = [...matches].sort((a, b) => b.probability - a.probability);
  console.log(`${color}: "${best?.sentence}" with ${(100 * (best?.probability ?? 0)).toFixed(1)} %`);
  if (best?.sentence === `a ${color} picture`) numRight++;
}
console.log(`${numRight} of ${COLORS.length} new pictures have their own sentence first.`);
