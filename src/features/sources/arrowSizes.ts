/**
 * @file Whose size the column `sizes` of Hugging Face's LXMERT examples is, and in which order, told by the boxes: their
 * scripts write the size of the network's input (height, width), not the picture's, beside boxes that are shares.
 */

import { type DataValue, isNumberArray } from '../../checkpoint/pickle/index.js';
import { LxmertError } from '../../common/errors.js';
import { countOf, floatsOf, type NumberArray } from '../../formats/numberArray.js';
import { firstFour } from './firstFour.js';
import type { PictureRecord } from './pictureFields.js';
import { sizeBetween } from './sizeBetween.js';

/** What is taken out of `sizes`, and what boxes are. */
export type ArrowSizes = 'none' | 'shares' | 'heightFirst' | 'widthFirst';

/** A row's boxes, those that fill up the array among them, and its sizes. */
export interface SizedBoxes {
  readonly boxes: NumberArray;
  readonly sizes: NumberArray | undefined;
}

/** Boxes in pixels lead far beyond, those that are shares to 1. */
const LARGEST_SHARE = 2;
/** What rounding adds to a side. */
const ROUNDING = 1;
/** The network's input of these examples: the shorter side, or where the longer would be longer than that, the longer. */
const NETWORK = { shorter: 800, longer: 1333 } as const;
/** Of the boxes of one picture some end at its edge; of a picture of COCO's in the network's size none ends behind 0.6. */
const LEAST_REACH = 0.95;

/**
 * @param name of the file
 * @param samples of its first rows
 * @param canState whether sizes come from elsewhere, so that none are needed here
 * @throws LxmertError when boxes are pixels of pictures whose sizes these are not
 */
export function chooseSizes(name: string, samples: readonly SizedBoxes[], canState: boolean): ArrowSizes {
  const pictures = samples.map(({ boxes, sizes }) => ({
    ...reachOf(boxes),
    sides: sizes === undefined ? undefined : sidesOf(sizes),
  }));
  if (mostOf(pictures, ({ x, y }) => Math.max(x, y) <= LARGEST_SHARE)) return 'shares';
  const sized = pictures.flatMap(({ x, y, sides }) => (sides === undefined ? [] : [{ x, y, sides }]));
  if (canState || sized.length === 0) return 'none';
  const order = (['heightFirst', 'widthFirst'] as const).find((each) =>
    mostOf(sized, ({ x, y, sides }) => {
      const [height, width] = each === 'heightFirst' ? sides : [sides[1], sides[0]];
      return x <= width + ROUNDING && y <= height + ROUNDING;
    }),
  );
  const areNetworks = mostOf(sized, ({ sides }) => isNetworkSize(sides));
  const reaches = sized.some(({ x, y, sides: [a, b] }) =>
    order === 'heightFirst'
      ? x >= LEAST_REACH * b || y >= LEAST_REACH * a
      : x >= LEAST_REACH * a || y >= LEAST_REACH * b,
  );
  if (order !== undefined && (reaches || !areNetworks)) return order;
  throw new LxmertError(
    `${name} has boxes in pixels, and sizes that are not those of their pictures` +
      `${areNetworks ? " but of the network's input, to which they were scaled" : ''}. ` +
      'State the sizes with --sizes-from FILE, such as the annotations of COCO (instances_val2014.json).',
  );
}

/** (height, width), or the other way round. @throws LxmertError, without file and place, for anything else */
export function sidesOf(sizes: NumberArray): readonly [number, number] {
  const values = countOf(sizes.shape) === 2 ? floatsOf(sizes) : [];
  const [a = Number.NaN, b = Number.NaN] = values;
  if (!(a >= 1 && b >= 1)) throw new LxmertError('sizes should hold the height and width of its picture.');
  return [a, b];
}

/** The largest x and y of boxes (n, 4). */
function reachOf(boxes: NumberArray): { readonly x: number; readonly y: number } {
  let [x, y] = [0, 0];
  for (const [at, value] of floatsOf(boxes).entries()) {
    if (at % 2 === 0) x = Math.max(x, value);
    else y = Math.max(y, value);
  }
  return { x, y };
}

function isNetworkSize([a, b]: readonly [number, number]): boolean {
  return Math.abs(Math.min(a, b) - NETWORK.shorter) <= 1 || Math.abs(Math.max(a, b) - NETWORK.longer) <= 1;
}

function mostOf<T>(all: readonly T[], holds: (one: T) => boolean): boolean {
  return 2 * all.filter(holds).length > all.length;
}

/** Of boxes as shares, where pixels stand beside them. */
export const SHARES = 'normalized_boxes';

/** Sizes out of boxes in both units. */
export function withSizeBetween(record: Map<DataValue, DataValue>): PictureRecord {
  const [boxes, shares] = [record.get('boxes'), record.get(SHARES)];
  record.delete(SHARES);
  if (!isNumberArray(boxes) || !isNumberArray(shares)) return record;
  const [numBoxes = 0, width = 0] = boxes.shape;
  if (width !== 4 || shares.shape.join() !== boxes.shape.join())
    throw new LxmertError('boxes and normalized_boxes should have four numbers for each box.');
  const corners = (array: typeof boxes): Float32Array => firstFour(floatsOf(array), numBoxes);
  const size = sizeBetween(corners(boxes), corners(shares), { boxes: 'boxes', shares: SHARES });
  return record.set('img_h', size.height).set('img_w', size.width);
}
