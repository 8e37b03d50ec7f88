/** @file Questions of made-up words about random images. */

import type { ImageSentence } from '../../tasks/index.js';
import { Vocabulary } from '../../text/index.js';
import { lengthOf } from '../questions.js';
import { randomImageId } from './randomStore.js';

/** As many words as the model knows. */
export function madeUpVocabulary(size: number): Vocabulary {
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  return new Vocabulary([...special, ...Array.from({ length: size - special.length }, (_, i) => `word${i}`)]);
}

/** Questions as long as real ones about images in no order. */
export function madeUpQuestions(count: number, repetition: number, numImages: number): ImageSentence[] {
  return Array.from({ length: count }, (_, i) => ({
    imageIds: [randomImageId((repetition * 7919 + i * 104729) % numImages)],
    sentence: Array.from({ length: lengthOf(i) - 2 }, (_, k) => `word${(31 * i + k) % 20}`).join(' '),
  }));
}
