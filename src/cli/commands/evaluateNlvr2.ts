/** @file `lxmert evaluate nlvr2`. */

import { nlvr2 } from '../../tasks/nlvr2.js';
import { evaluateCommand } from '../evaluate.js';

export const command = evaluateCommand(nlvr2, {
  description:
    'Judges the statements of a file and prints how many are right. Statements about images without features are left ' +
    'out and counted.',
  examples: [
    {
      command: 'lxmert evaluate nlvr2 valid.json --model runs/nlvr2 --features features/nlvr2_valid',
      does: 'scores the best weights of a run',
    },
  ],
});
