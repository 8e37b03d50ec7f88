/** @file `lxmert check`. */

import { z } from 'zod';
import { checkSubmission, type SubmissionCheck, submissionTasks } from '../../tasks/submissions/index.js';
import { defineCommand } from '../command.js';
import { existingFile, existingFiles } from '../options.js';
import { renderCheck } from '../submissionReport.js';

export const command = defineCommand({
  description:
    'Says before an upload what a test server would refuse in a file of results: another form, ids of another type, answers that ' +
    'are none, questions without a result or with two, ids that no question has. Results of other programs are checked too. ' +
    'Ends with 1 when there is something.',
  examples: [
    {
      command:
        'lxmert check test_predict.json --for vqa --questions v2_OpenEnded_mscoco_test2015_questions.json',
      does: 'checks answers to the test questions of VQA v2',
    },
    {
      command: 'lxmert check submit_predict.json --for gqa --questions submission_all_questions.json',
      does: 'checks answers for the test server of GQA',
    },
    {
      command: 'lxmert check test1.csv --for nlvr2 --questions test1.json',
      does: 'checks the lines that the official script of NLVR2 reads',
    },
  ],
  arguments: z.strictObject({
    results: existingFile().describe('The file that is to be uploaded'),
  }),
  options: z.strictObject({
    for: z.enum(submissionTasks).describe('Whose test server'),
    questions: existingFiles().describe('The official questions of the split, or what prepare made of them'),
  }),
  run: ({ arguments: { results }, options, signal }): Promise<SubmissionCheck> =>
    checkSubmission(options.for, results, options.questions, signal),
  render: (check) => renderCheck(check).join('\n'),
  exitCode: ({ problems }) => (problems.length === 0 ? 0 : 1),
});
