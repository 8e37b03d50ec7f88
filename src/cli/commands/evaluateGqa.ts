/** @file `lxmert evaluate gqa`. */

import { gqa } from '../../tasks/gqa.js';
import { evaluateCommand } from '../evaluate.js';

export const command = evaluateCommand(gqa, {
  description:
    'Answers the questions of a file and prints the accuracy. Questions about images without features are left out ' +
    'and counted.',
  examples: [
    {
      command: 'lxmert evaluate gqa testdev.json --model runs/gqa --features features/gqa_testdev',
      does: 'scores the best weights of a run',
    },
  ],
});
