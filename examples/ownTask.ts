/**
 * @file A task that the library does not have: its reader, a second head, its loss, its metric and its dump. Each
 * question gets an answer and, by a head of the task's own, its kind.
 */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointFile } from 'lxmert/checkpoint';
import { ops } from 'lxmert/torch';
import {
  ANSWER_HEAD,
  AnswerTable,
  answerTargets,
  answerTaskScores,
  bestAnswers,
  buildAnswerTable,
  classLoss,
  disposeModels,
  FINETUNING_DEFAULTS,
  finetune,
  jsonDump,
  loadModel,
  type Prediction,
  predictToFile,
  type Question,
  QuestionSet,
  RunFolder,
  softAnswerLoss,
  type Task,
} from 'lxmert/train';
import { collect, sampleWorld, TINY_SETTINGS, tinyConfig } from './sampleWorld.js';

const KINDS = ['yes/no', 'number', 'other'];

/** What the task knows of an example beyond what all have. */
interface KindQuestion extends Question {
  /** Its place among the kinds. */
  readonly kind: number;
}

/** What its model says of one. */
interface KindPrediction extends Prediction {
  readonly kind: string;
}

async function* readQuestions(file: string): AsyncGenerator<KindQuestion> {
  const records = JSON.parse(await readFile(file, 'utf8')) as readonly Readonly<Record<string, string>>[];
  for (const { img_id = '', question_id = '', sent = '', answer_type = '', label = {} } of records) {
    yield {
      imageIds: [img_id],
      questionId: question_id,
      sentence: sent,
      labels: new Map(Object.entries(label)),
      questionType: '',
      answerType: answer_type,
      kind: KINDS.indexOf(answer_type),
    };
  }
}

const help = {
  description: 'Answers questions and tells their kind.',
  examples: [{ command: 'node ownTask.js', does: 'trains and predicts' }],
} as const;

const task: Task<KindQuestion, KindPrediction, 'answer' | 'kind'> = {
  name: 'kinds',
  title: 'Answers and kinds',
  imagesPerExample: 1,
  read: readQuestions,
  answers: 'built',
  unknownAnswers: 'skip',
  // `prefix` is what the head's tensors are called in checkpoints.
  heads: [ANSWER_HEAD, { name: 'kind', prefix: 'kind_head', form: 'linear', size: KINDS.length }],
  loss: 'soft',
  // Each (B, size), row-major.
  targets: (examples, answerTable) => ({
    answer: answerTargets(examples, answerTable),
    kind: Float32Array.from(examples.flatMap(({ kind }) => KINDS.map((_, i) => (i === kind ? 1 : 0)))),
  }),
  trainingLoss: (logits, targets) => {
    const answer = softAnswerLoss(logits.answer, targets.answer);
    const kind = classLoss(logits.kind, targets.kind);
    return { total: ops.add(answer, kind), parts: { answer, kind } };
  },
  activations: () => ({ answer: 'sigmoid', kind: 'softmax' }),
  predictions: (probabilities, answerTable) => {
    const kinds = bestAnswers(probabilities.kind, new AnswerTable(KINDS));
    return bestAnswers(probabilities.answer, answerTable).map((best, row) => ({
      ...best,
      kind: kinds[row]?.answer ?? '',
    }));
  },
  scores: (examples, predictions) => {
    const numRight = examples.filter(({ kind }, i) => predictions[i]?.kind === KINDS[kind]).length;
    return {
      ...answerTaskScores(examples, predictions),
      measures: { kind: { title: 'Accuracy of kinds', value: numRight / examples.length } },
    };
  },
  dump: jsonDump(({ questionId }, { answer, kind }) => ({ question_id: questionId, answer, kind })),
  defaults: FINETUNING_DEFAULTS,
  help: { finetune: help, evaluate: help, predict: help },
};

using world = await sampleWorld();
const { folder, store, vocabulary } = world;
const examples = await collect(task.read(world.questions('train')));
const answerTable = buildAnswerTable(examples);
const common = { hasImage: (id: string) => store.has(id), answerTable, unknownAnswers: task.unknownAnswers };
const { scores, runFolder } = await finetune({
  task,
  run: await RunFolder.create(path.join(folder, 'run')),
  config: tinyConfig(vocabulary),
  vocabulary,
  training: new QuestionSet({ ...common, questions: examples, name: 'train' }),
  validation: new QuestionSet({
    ...common,
    questions: await collect(task.read(world.questions('minival'))),
    name: 'minival',
  }),
  features: store,
  settings: { ...TINY_SETTINGS, loss: task.loss },
  provenance: { features: store.origins },
});
console.log(`Answers: ${(100 * (scores?.overall ?? 0)).toFixed(1)} %`);
console.log(`Kinds: ${(100 * (scores?.measures.kind?.value ?? 0)).toFixed(1)} %`);

// The second head is in the file, under its own name.
const checkpoint = await CheckpointFile.open(path.join(runFolder, 'BEST.pth'));
console.log([...checkpoint.entries.keys()].filter((name) => name.startsWith('kind_head.')).join(', '));

// The task is in no registry, so whoever loads its model names it.
const loaded = await loadModel({ model: runFolder, task });
const output = path.join(folder, 'predictions.json');
await predictToFile(task, loaded, store, () => task.read(world.questions('minival')), output, {
  batchSize: 64,
});
disposeModels(loaded);
const predictions = JSON.parse(await readFile(output, 'utf8')) as readonly object[];
console.log(`${predictions.length} predictions; the first: ${JSON.stringify(predictions[0])}`);
