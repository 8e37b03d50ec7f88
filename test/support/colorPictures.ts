/** @file Pictures of one color each, as features that state it and captions that name it: matching learns them in seconds. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { convertToStore, unknownProvenance, writeObj36 } from '../../src/features/index.js';
import { makeRow } from '../features/support.js';

const COLORS = ['red', 'green', 'blue', 'yellow', 'black', 'white'];
const NUM_BOXES = 2;

/** The files of {@link writeColorPictures}, in its folder. */
export const COLOR_FILES = {
  features: 'features',
  vocabulary: 'vocab.txt',
  train: 'train.jsonl',
  valid: 'valid.jsonl',
};

/** Writes 96 pictures for training and 12 others for validation, with two captions each. */
export async function writeColorPictures(folder: string): Promise<void> {
  const at = (name: string): string => path.join(folder, name);
  const pictures = Array.from({ length: 108 }, (_, i) => ({
    id: `picture_${i}`,
    color: i % COLORS.length,
    seed: i,
  }));
  const rows = pictures.map(({ id: imageId, color, seed }) => {
    const row = makeRow(seed, { imageId, numBoxes: NUM_BOXES, featureSize: COLORS.length });
    // The color's number stands out of noise.
    const features = row.features.map((value, i) => value / 30 + (i % COLORS.length === color ? 4 : 0));
    return { ...row, features };
  });
  await writeObj36(at('rows.tsv'), rows);
  await convertToStore(at('rows.tsv'), at(COLOR_FILES.features), { provenance: unknownProvenance });
  const lines = (some: typeof pictures): string =>
    some
      .flatMap(({ id: image, color }) =>
        [`a ${COLORS[color]} picture`, `all of it is ${COLORS[color]}`].map((text) => ({ image, text })),
      )
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
  writeFileSync(at(COLOR_FILES.train), lines(pictures.slice(0, 96)));
  writeFileSync(at(COLOR_FILES.valid), lines(pictures.slice(96)));
  const words = [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    ...COLORS,
    'a',
    'picture',
    'all',
    'of',
    'it',
    'is',
  ];
  writeFileSync(at(COLOR_FILES.vocabulary), `${words.join('\n')}\n`);
}
