/** @file `lxmert predict gqa`. */

import { gqa } from '../../tasks/gqa.js';
import { predictCommand } from '../predict.js';

export const command = predictCommand(gqa, {
  description:
    'Answers the questions of a file and writes [{prediction, questionId}], the file that the GQA test server reads. ' +
    'Labels are not needed; memory does not grow with the number of questions.',
  examples: [
    {
      command:
        'lxmert predict gqa submit.json --model runs/gqa --features features/gqa_submit --output submit_predict.json',
      does: 'writes answers for the test server',
    },
  ],
});
