/** @file `lxmert finetune nlvr2`. */

import { nlvr2 } from '../../tasks/nlvr2.js';
import { finetuneCommand } from '../finetune.js';

export const command = finetuneCommand(nlvr2, {
  description:
    'Trains LXMERT to tell whether a statement about two images is true: the encoder reads the sentence with each ' +
    'image, the head both results. Leaves a run folder as finetune vqa does.',
  examples: [
    {
      command:
        'lxmert finetune nlvr2 --train train.json --valid valid.json --features features/nlvr2_train --features features/nlvr2_valid --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/nlvr2',
      does: "fine-tunes the published weights with the paper's settings",
    },
  ],
});
