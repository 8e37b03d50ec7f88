/** @file `lxmert predict custom-pairs`. */

import { customPairs } from '../../tasks/custom.js';
import { predictCommand } from '../predict.js';

export const command = predictCommand(customPairs, {
  description:
    'Classifies the sentences of a JSON lines file about two images and writes lines {id, answer}.',
  examples: [
    {
      command:
        'lxmert predict custom-pairs test.jsonl --model runs/mine --features features/mine --output answers.jsonl',
      does: 'writes an answer for each line',
    },
  ],
});
