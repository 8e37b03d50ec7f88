/** @file `lxmert evaluate custom-pairs`. */

import { customPairs } from '../../tasks/custom.js';
import { evaluateCommand } from '../evaluate.js';

export const command = evaluateCommand(customPairs, {
  description:
    'Classifies the sentences of a JSON lines file about two images and prints the accuracy, by type where lines state one.',
  examples: [
    {
      command: 'lxmert evaluate custom-pairs test.jsonl --model runs/mine --features features/mine',
      does: 'scores the best weights of a run',
    },
  ],
});
