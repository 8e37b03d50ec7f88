/** @file `lxmert predict vqa`. */

import { z } from 'zod';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { readQuestions } from '../../data/annotations/vqaAnnotations.js';
import { QuestionSet } from '../../data/questionSet.js';
import { loadAnsweringModel } from '../../inference/modelFolder.js';
import { formatDump } from '../../tasks/answeringTask.js';
import { predictAnswers } from '../../tasks/predictAnswers.js';
import { vqa } from '../../tasks/vqa.js';
import { runtimeLine } from '../../torch/runtime.js';
import { defineCommand } from '../command.js';
import {
  checkFeatures,
  featureOptions,
  modelOptions,
  modelSource,
  openFeatures,
  otherFeaturesOption,
} from '../modelOptions.js';
import { existingFile, outputPath } from '../options.js';

export const command = defineCommand({
  description:
    'Answers the questions of a file and writes [{answer, question_id}], the file that the VQA test server reads. ' +
    'Labels are not needed.',
  examples: [
    {
      command:
        'lxmert predict vqa test.json --model runs/vqa --features features/test2015 --output test_predict.json',
      does: 'writes answers for the test server',
    },
  ],
  arguments: z.strictObject({ questions: existingFile().describe('Questions (JSON)') }),
  options: z.strictObject({
    output: outputPath().describe('File to write'),
    ...modelOptions,
    ...featureOptions,
    ...otherFeaturesOption,
    batchSize: z.int().min(1).default(vqa.evaluationBatchSize).describe('Questions at a time'),
  }),
  async run({ arguments: { questions: file }, options, progress, notice, signal }) {
    using store = openFeatures(options);
    const answering = await loadAnsweringModel(modelSource(options));
    try {
      notice(runtimeLine());
      checkFeatures(store, answering, options.allowOtherFeatures, notice);
      const set = new QuestionSet({
        questions: await readQuestions(file),
        hasImage: (id) => store.has(id),
        answerTable: answering.answerTable,
        unknownAnswers: 'skip',
        name: file,
      });
      const display = progress('Answering', 'questions');
      const answers = await predictAnswers(answering, store, set.questions, {
        batchSize: options.batchSize,
        progress: display,
        signal,
      }).finally(() => display.stop());
      await writeFileAtomic(options.output, formatDump(vqa, set.questions, answers));
      return { output: options.output, numAnswers: answers.length, numWithoutImage: set.numWithoutImage };
    } finally {
      answering.model.dispose();
    }
  },
  render: (result) =>
    `Wrote ${result.numAnswers} answers to ${result.output}.` +
    (result.numWithoutImage > 0
      ? ` ${result.numWithoutImage} questions have no image features and no answer.`
      : ''),
});
