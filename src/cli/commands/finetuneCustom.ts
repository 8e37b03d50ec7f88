/** @file `lxmert finetune custom`. */

import { custom } from '../../tasks/custom.js';
import { finetuneCommand } from '../finetune.js';

export const command = finetuneCommand(custom, {
  description:
    'Trains LXMERT to classify sentences about an image from JSON lines {id, image, text, labels} of your own (docs/how-to/custom-data.md). ' +
    'Answers are those of the training labels. Leaves a run folder as finetune vqa does.',
  examples: [
    {
      command:
        'lxmert finetune custom --train train.jsonl --valid valid.jsonl --features features/mine --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/mine',
      does: 'fine-tunes the published weights on own data',
    },
  ],
});
