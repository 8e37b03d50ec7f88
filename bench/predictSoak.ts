/**
 * @file Answers very many made-up questions and ends with 1 when resident memory grows with their number.
 * `node dist/bench/predictSoak.js [QUESTIONS]`
 */

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomImageId, writeRandomStore } from '../src/bench/work/randomStore.js';
import type { Question } from '../src/data/annotations/question.js';
import { AnswerTable } from '../src/data/answerTable.js';
import { FeatureStore } from '../src/features/index.js';
import { lxmertConfig, questionAnsweringModel } from '../src/model/index.js';
import { task as gqa } from '../src/tasks/gqa.js';
import { predictToFile } from '../src/tasks/predictToFile.js';
import { Vocabulary, WordPieceTokenizer } from '../src/text/index.js';
import { manualSeed, setNumThreads } from '../src/torch/index.js';

/** What the process may grow by from a tenth of the way to its end, for the collector's own unsteadiness. */
const TOLERATED_BYTES = 24 * 2 ** 20;
const NUM_IMAGES = 200;
const FEATURE_SIZE = 32;
const WORDS = Array.from({ length: 50 }, (_, i) => `word${i}`);

const numQuestions = Number(process.argv[2] ?? 1_000_000);
if (!Number.isInteger(numQuestions) || numQuestions < 1000) {
  console.error(`predictSoak takes a whole number of at least 1000, but was given '${process.argv[2]}'.`);
  process.exit(2);
}

/** Questions as a file of them would give: several about each image, the images in no order. */
async function* questions(): AsyncGenerator<Question> {
  for (let i = 0; i < numQuestions; i++) {
    yield {
      imageIds: [randomImageId((Math.floor(i / 5) * 7919) % NUM_IMAGES)],
      questionId: `${i}`,
      sentence: Array.from({ length: 3 + (i % 5) }, (_, k) => WORDS[(i + 7 * k) % WORDS.length]).join(' '),
      labels: undefined,
      questionType: '',
      answerType: '',
    };
  }
}

setNumThreads(1);
manualSeed(1);
const vocabulary = new Vocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...WORDS]);
const config = lxmertConfig({
  vocabSize: vocabulary.size,
  hiddenSize: 16,
  numAttentionHeads: 1,
  intermediateSize: 16,
  numLanguageLayers: 1,
  numVisionLayers: 0,
  numCrossLayers: 1,
  maxPositionEmbeddings: 20,
  visualFeatureSize: FEATURE_SIZE,
});
const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-predict-'));
const model = questionAnsweringModel(config, 10);
try {
  await writeRandomStore(path.join(folder, 'store'), NUM_IMAGES, FEATURE_SIZE);
  using store = FeatureStore.open(path.join(folder, 'store'));
  const output = path.join(folder, 'answers.json');
  let first: number | undefined;
  let last = 0;
  let nextLine = 0;
  const start = performance.now();
  await predictToFile(
    gqa,
    {
      models: [model],
      activations: { answer: 'sigmoid' },
      tokenizer: new WordPieceTokenizer(vocabulary),
      answerTable: new AnswerTable(WORDS.slice(0, 10)),
      maxLength: 20,
    },
    store,
    questions,
    output,
    {
      batchSize: 256,
      progress: {
        update: (done, total) => {
          if (done < nextLine) return;
          nextLine += total / 10;
          last = process.memoryUsage.rss();
          if (done >= total / 10) first ??= last;
          console.log(`${done} answered, ${(last / 2 ** 20).toFixed(1)} MiB resident`);
        },
      },
    },
  );
  last = process.memoryUsage.rss();
  const seconds = (performance.now() - start) / 1000;
  const grown = last - (first ?? last);
  console.log(
    `${numQuestions} questions in ${seconds.toFixed(0)} s, ${((await stat(output)).size / 1e6).toFixed(1)} MB written; ${(grown / 2 ** 20).toFixed(1)} MiB since a tenth of the way.`,
  );
  if (grown > TOLERATED_BYTES) {
    console.error(`Memory grew with the number of questions: ${TOLERATED_BYTES / 2 ** 20} MiB are allowed.`);
    process.exitCode = 1;
  }
} finally {
  model.dispose();
  await rm(folder, { recursive: true, force: true });
}
