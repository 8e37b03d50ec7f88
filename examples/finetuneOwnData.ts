/** @file Data of one's own, as JSON lines, to a model: what `lxmert finetune custom` does, in a script. */

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildAnswerTable, finetune, loadTask, QuestionSet, RunFolder } from 'lxmert/train';
import { collect, sampleWorld, TINY_SETTINGS, tinyConfig } from './sampleWorld.js';

using world = await sampleWorld();
const { folder, store, vocabulary } = world;

// Own data: a line for each sentence about an image, {"id", "image", "text", "labels"}.
for (const split of ['train', 'minival'] as const) {
  const questions = JSON.parse(await readFile(world.questions(split), 'utf8')) as readonly {
    readonly question_id: number;
    readonly img_id: string;
    readonly sent: string;
    readonly label: Readonly<Record<string, number>>;
  }[];
  const lines = questions.map(({ question_id: id, img_id: image, sent: text, label: labels }) =>
    JSON.stringify({ id, image, text, labels }),
  );
  await writeFile(path.join(folder, `${split}.jsonl`), `${lines.join('\n')}\n`);
}

const task = await loadTask('custom');
const read = (split: string) => collect(task.read(path.join(folder, `${split}.jsonl`)));
const training = await read('train');
const answerTable = buildAnswerTable(training);
const common = { hasImage: (id: string) => store.has(id), answerTable, unknownAnswers: 'skip' } as const;

const { bestScore, bestEpoch, blindScore, runFolder } = await finetune({
  task,
  run: await RunFolder.create(path.join(folder, 'run')),
  config: tinyConfig(vocabulary),
  vocabulary,
  training: new QuestionSet({ ...common, questions: training, name: 'train' }),
  validation: new QuestionSet({ ...common, questions: await read('minival'), name: 'minival' }),
  features: store,
  // The published weights are a better start: initialWeights: { file: 'model_LXRT.pth', parts: 'encoder' }
  settings: { ...TINY_SETTINGS, loss: task.loss },
  provenance: { features: store.origins },
  callbacks: [
    { onEpoch: ({ epoch, meanLoss }) => console.log(`Epoch ${epoch}: loss ${meanLoss.toFixed(3)}`) },
  ],
});
console.log(`Best: ${(100 * bestScore).toFixed(1)} % after epoch ${bestEpoch}.`);
console.log(`Without looking at the images: ${(100 * blindScore).toFixed(1)} %.`);
console.log(`The run: ${runFolder}`);
