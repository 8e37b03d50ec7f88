/** @file What the objects of the sample world can look like, and the words for it. */

/** A color by its word, with the red, green and blue that objects of it vary around. */
export interface SampleColor {
  readonly name: string;
  readonly rgb: readonly [number, number, number];
}

/**
 * Every color an object can have. Each differs from all backgrounds (greys of about 105 to 170) by more than 45 in at
 * least one channel, so that an object can be found from its pixels alone.
 */
export const SAMPLE_COLORS: readonly SampleColor[] = [
  { name: 'red', rgb: [208, 38, 38] },
  { name: 'green', rgb: [40, 158, 56] },
  { name: 'blue', rgb: [42, 80, 216] },
  { name: 'yellow', rgb: [240, 222, 48] },
  { name: 'purple', rgb: [140, 46, 172] },
  { name: 'orange', rgb: [242, 134, 24] },
  { name: 'white', rgb: [248, 248, 248] },
  { name: 'black', rgb: [24, 24, 26] },
];

/** Every shape an object can have. */
export const SAMPLE_SHAPES = ['circle', 'square', 'triangle', 'star', 'cross', 'ring'] as const;
export type SampleShape = (typeof SAMPLE_SHAPES)[number];

/** Both sizes; their radii do not overlap, so that "large" is never a matter of taste. */
export const SAMPLE_SIZES = ['small', 'large'] as const;
export type SampleSize = (typeof SAMPLE_SIZES)[number];

/** Radius as a share of the shorter side of the picture: least and most for each size. */
export const RADIUS_SHARE: Readonly<Record<SampleSize, readonly [number, number]>> = {
  small: [0.075, 0.09],
  large: [0.125, 0.15],
};

/** Of a world as it is drawn unless told otherwise: the first so many. */
export const DEFAULT_NUM_COLORS = 6;
export const DEFAULT_NUM_SHAPES = 4;

/** The plural of a shape's name. */
export function plural(shape: string): string {
  return shape.endsWith('s') ? `${shape}es` : `${shape}s`;
}

/** "a" or "an" before `word`. */
export function article(word: string): string {
  return /^[aeiou]/.test(word) ? 'an' : 'a';
}

/** The red, green and blue of a color word; the palette is closed, so an unknown word is a programming error. */
export function rgbOf(color: string): readonly [number, number, number] {
  const entry = SAMPLE_COLORS.find(({ name }) => name === color);
  if (entry === undefined) throw new RangeError(`The sample world has no color '${color}'.`);
  return entry.rgb;
}
