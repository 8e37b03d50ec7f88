import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { AnswerTable } from '../../src/data/answerTable.js';
import { QuestionSet } from '../../src/data/questionSet.js';
import { lxmertConfig } from '../../src/model/index.js';
import { loadTask } from '../../src/tasks/index.js';
import { Vocabulary } from '../../src/text/index.js';
import { liveTensors } from '../../src/torch/index.js';
import { finetune } from '../../src/train/finetune.js';
import { DEFAULT_SETTINGS, RunFolder } from '../../src/train/index.js';

describe('examples without labels are refused before the first step', () => {
  const vocabulary = new Vocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'what']);
  const answerTable = new AnswerTable(['yes', 'no']);
  /** A set with a question for each label; undefined: without. */
  const set = (...labels: (string | undefined)[]) =>
    new QuestionSet({
      questions: labels.map((label, questionId) => ({
        imageIds: ['a'],
        questionId,
        sentence: 'what',
        labels: label === undefined ? undefined : new Map([[label, 1]]),
        questionType: '',
        answerType: '',
      })),
      hasImage: () => true,
      answerTable,
      unknownAnswers: 'skip',
      name: 'set',
    });

  it.each([
    [
      'in training',
      set('no', undefined, undefined),
      set('no'),
      "2 of 3 examples (66.7 %) of 'set' have no label, the first with the id 1",
    ],
    ['in all of the validation', set('no'), set(undefined, undefined), "No example of 'set' has a label"],
    [
      'of which the table has an answer',
      set('no'),
      set('cat'),
      "None of the answers of 'set' is in the answer table",
    ],
  ])('%s', async (_, training, validation, message) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'finetune-'));
    const before = liveTensors();
    const refused = finetune({
      task: await loadTask('custom'),
      training,
      validation,
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
    await expect(refused).rejects.toThrow(message);
    expect(liveTensors()).toBe(before);
    await rm(folder, { recursive: true });
  });
});
