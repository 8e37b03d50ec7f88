/** @file `lxmert predict vqa`. */

import { z } from 'zod';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { formatDump } from '../../tasks/answeringTask.js';
import { vqa } from '../../tasks/vqa.js';
import { answerFile, answerFileOptions } from '../answerFile.js';
import { defineCommand } from '../command.js';
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
  options: z.strictObject({ output: outputPath().describe('File to write'), ...answerFileOptions }),
  async run({ arguments: { questions: file }, options, ...context }) {
    const { set, answers } = await answerFile(file, options, context);
    await writeFileAtomic(options.output, formatDump(vqa, set.questions, answers));
    return { output: options.output, numAnswers: answers.length, numWithoutImage: set.numWithoutImage };
  },
  render: (result) =>
    `Wrote ${result.numAnswers} answers to ${result.output}.` +
    (result.numWithoutImage > 0
      ? ` ${result.numWithoutImage} questions have no image features and no answer.`
      : ''),
});
