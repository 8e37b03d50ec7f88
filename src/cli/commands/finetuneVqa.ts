/** @file `lxmert finetune vqa`. */

import { vqa } from '../../tasks/vqa.js';
import { finetuneCommand } from '../finetune.js';

export const command = finetuneCommand(vqa, {
  description:
    'Trains LXMERT to answer questions about images, from pre-trained weights or from scratch, as the reference does: ' +
    'binary cross-entropy over soft answers, BertAdam with linear warm-up, clipping at 5. Leaves a run folder with ' +
    'BEST.pth and LAST.pth, logs and the whole configuration.',
  examples: [
    {
      command:
        'lxmert finetune vqa --train train.json --valid minival.json --features features/train2014 --features features/val2014 --answers trainval_label2ans.json --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/vqa',
      does: "fine-tunes the published weights with the paper's settings",
    },
  ],
});
