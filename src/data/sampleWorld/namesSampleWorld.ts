/** @file Whether a model's answers are those of the sample world. */

import { DEFAULT_NUM_COLORS, DEFAULT_NUM_SHAPES, SAMPLE_COLORS, SAMPLE_SHAPES } from './palette.js';

/** True where every colour and shape that scenes usually have is among the answers. */
export function namesSampleWorld(answers: readonly string[]): boolean {
  const known = new Set(answers);
  const colors = SAMPLE_COLORS.slice(0, DEFAULT_NUM_COLORS).map(({ name }) => name);
  return [...colors, ...SAMPLE_SHAPES.slice(0, DEFAULT_NUM_SHAPES)].every((name) => known.has(name));
}
