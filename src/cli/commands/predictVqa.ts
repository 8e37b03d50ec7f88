/** @file `lxmert predict vqa`. */

import { vqa } from '../../tasks/vqa.js';
import { predictCommand } from '../predict.js';

export const command = predictCommand(vqa, {
  description:
    'Answers the questions of a file and writes [{answer, question_id}], the file that the VQA test server reads. ' +
    'Labels are not needed; memory does not grow with the number of questions.',
  examples: [
    {
      command:
        'lxmert predict vqa test.json --model runs/vqa --features features/test2015 --output test_predict.json',
      does: 'writes answers for the test server',
    },
  ],
});
