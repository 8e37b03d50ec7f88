/** @file `lxmert evaluate vqa`. */

import { vqa } from '../../tasks/vqa.js';
import { evaluateCommand } from '../evaluate.js';

export const command = evaluateCommand(vqa, {
  description:
    'Answers the questions of a file and prints the soft accuracy, over all and by type of question and answer. ' +
    'Questions about images without features are left out and counted.',
  examples: [
    {
      command: 'lxmert evaluate vqa minival.json --model runs/vqa --features features/val2014',
      does: 'scores the best weights of a run',
    },
  ],
});
