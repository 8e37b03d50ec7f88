/** @file `lxmert finetune gqa`. */

import { gqa } from '../../tasks/gqa.js';
import { finetuneCommand } from '../finetune.js';

export const command = finetuneCommand(gqa, {
  description:
    'Trains LXMERT on the compositional questions of GQA, from pre-trained weights or from scratch. Answers outside ' +
    'the table are skipped, as in the reference. Leaves a run folder as finetune vqa does.',
  examples: [
    {
      command:
        'lxmert finetune gqa --train train.json --train valid.json --valid testdev.json --features features/vg --features features/gqa_testdev --answers trainval_label2ans.json --vocab vocab.txt --load-with-answers model_LXRT.pth --pretraining-answers all_ans.json --output runs/gqa',
      does: "fine-tunes the published weights with the paper's settings",
    },
  ],
});
