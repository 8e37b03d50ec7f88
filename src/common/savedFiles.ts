/** @file Names of the files of a model on a hub, which are those of a folder that `save_pretrained` wrote; the best first. */

export const SAVED_WEIGHTS = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const;
export const SAVED_CONFIG = 'config.json';
export const SAVED_VOCABULARIES = ['vocab.txt', 'tokenizer.json'] as const;
export const SAVED_ANSWERS = ['trainval_label2ans.json', 'answers.json'] as const;
