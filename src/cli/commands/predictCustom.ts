/** @file `lxmert predict custom`. */

import { custom } from '../../tasks/custom.js';
import { predictCommand } from '../predict.js';

export const command = predictCommand(custom, {
  description: 'Classifies the sentences of a JSON lines file about an image and writes lines {id, answer}.',
  examples: [
    {
      command:
        'lxmert predict custom test.jsonl --model runs/mine --features features/mine --output answers.jsonl',
      does: 'writes an answer for each line',
    },
  ],
});
