/** @file Whether a model's answers are those of the sample world. */

import { SAMPLE_COLORS, SAMPLE_SHAPES } from './palette.js';

/** Of a world as it is drawn unless told otherwise. */
const NUM_COLORS = 6;
const NUM_SHAPES = 4;

/** True where every colour and shape that scenes usually have is among the answers. */
export function namesSampleWorld(answers: readonly string[]): boolean {
  const known = new Set(answers);
  const colors = SAMPLE_COLORS.slice(0, NUM_COLORS).map(({ name }) => name);
  return [...colors, ...SAMPLE_SHAPES.slice(0, NUM_SHAPES)].every((name) => known.has(name));
}
