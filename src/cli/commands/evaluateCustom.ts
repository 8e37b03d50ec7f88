/** @file `lxmert evaluate custom`. */

import { custom } from '../../tasks/custom.js';
import { evaluateCommand } from '../evaluate.js';

export const command = evaluateCommand(custom, {
  description:
    'Classifies the sentences of a JSON lines file about an image and prints the accuracy, by type where lines state one.',
  examples: [
    {
      command: 'lxmert evaluate custom test.jsonl --model runs/mine --features features/mine',
      does: 'scores the best weights of a run',
    },
  ],
});
