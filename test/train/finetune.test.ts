import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Question } from '../../src/data/annotations/question.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { QuestionSet } from '../../src/data/questionSet.js';
import { lxmertConfig } from '../../src/model/index.js';
import { loadTask } from '../../src/tasks/index.js';
import { Vocabulary } from '../../src/text/index.js';
import { liveTensors } from '../../src/torch/index.js';
import { finetune } from '../../src/train/finetune.js';
import { DEFAULT_SETTINGS, RunFolder } from '../../src/train/index.js';

it('a training example without labels is refused: a loss would train the first answer of the table', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'finetune-'));
  const vocabulary = new Vocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'what']);
  const question = (questionId: number, labels: Question['labels']): Question => {
    return { imageIds: ['a'], questionId, sentence: 'what', labels, questionType: '', answerType: '' };
  };
  const answerTable = new AnswerTable(['yes', 'no']);
  const set = (...questions: Question[]) =>
    new QuestionSet({ questions, hasImage: () => true, answerTable, unknownAnswers: 'skip', name: 'set' });
  const before = liveTensors();
  const training = set(question(1, new Map([['no', 1]])), question(2, undefined), question(3, undefined));
  const refused = finetune({
    task: await loadTask('custom'),
    training,
    validation: set(question(4, new Map([['no', 1]]))),
    features: {
      gather: () => {
        throw new Error('Nothing is to be read.');
      },
    },
    vocabulary,
    config: lxmertConfig({
      vocabSize: vocabulary.size,
      hiddenSize: 8,
      numAttentionHeads: 2,
      intermediateSize: 16,
      numLanguageLayers: 1,
      numVisionLayers: 1,
      numCrossLayers: 1,
      visualFeatureSize: 4,
    }),
    settings: { ...DEFAULT_SETTINGS, batchSize: 1, loss: 'class' },
    run: await RunFolder.create(folder),
  });
  await expect(refused).rejects.toThrow('2 of 3 training examples have no labels, the first with the id 2');
  expect(liveTensors()).toBe(before);
  await rm(folder, { recursive: true });
});
