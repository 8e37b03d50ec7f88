/** @file Names of the files of a model on a hub, which are those of a folder that `save_pretrained` wrote. */

/** Of each kind the first that is there counts. */
export const SAVED_FILES = {
  config: 'config.json',
  weights: [
    'model.safetensors',
    'model.safetensors.index.json',
    'pytorch_model.bin',
    'pytorch_model.bin.index.json',
  ],
  vocabulary: ['vocab.txt', 'tokenizer.json'],
  answers: ['trainval_label2ans.json', 'answers.json'],
} as const;
