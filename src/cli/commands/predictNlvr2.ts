/** @file `lxmert predict nlvr2`. */

import { nlvr2 } from '../../tasks/nlvr2.js';
import { predictCommand } from '../predict.js';

export const command = predictCommand(nlvr2, {
  description:
    'Judges the statements of a file and writes lines identifier,True or identifier,False, the file that the official ' +
    'NLVR2 script reads. Labels are not needed.',
  examples: [
    {
      command:
        'lxmert predict nlvr2 test.json --model runs/nlvr2 --features features/nlvr2_test --output test_predict.csv',
      does: 'writes judgements for the official script',
    },
  ],
});
