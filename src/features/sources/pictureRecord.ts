/** @file One picture's regions out of named values, as the programs of this field write them (.npz, pickles, msgpack). */

import { LxmertError } from '../../common/errors.js';
import { countOf, floatsOf, type NumberArray, transposed } from '../../formats/numberArray.js';
import { formatCount } from '../../formats/numbers.js';
import type { BoxForm } from '../boxForms.js';
import { MAX_BOXES } from '../row.js';
import type { LabelKind } from '../tsvColumns.js';
import { firstFour } from './firstFour.js';
import type { RawRow } from './indexedRows.js';
import { PictureFields, type PictureRecord } from './pictureFields.js';

/** A row, and what its record tells beside. */
export interface RecordRow {
  readonly row: RawRow;
  readonly labels: LabelKind;
  /** Of boxes whose name says that they are shares. */
  readonly boxForm?: BoxForm;
  /** Phrases. */
  readonly notes: readonly string[];
}

/** Names of boxes that are shares of the picture's sides. */
const SHARES: ReadonlySet<string> = new Set(['norm_bb', 'normalized_boxes']);

/** @throws LxmertError, without file and place, for a record that is no picture's regions */
export function readRecord(imageId: string, record: PictureRecord): RecordRow {
  const fields = new PictureFields(record);
  const boxes = fields.array('boxes');
  const found = fields.array('features');
  if (boxes === undefined || found === undefined)
    throw new LxmertError(
      `it holds no ${boxes === undefined ? 'boxes' : 'features'} under a name that is known here; it holds ${fields.listed}.`,
    );
  const stated = fields.count('numBoxes');
  const corners = cornersOf(boxes.name, boxes.value);
  const numHeld = corners.length / 4;
  const { values, isTransposed } = vectorsOf(found.name, found.value, numHeld);
  if (stated !== undefined && !(Number.isInteger(stated) && stated >= 0 && stated <= numHeld))
    throw new LxmertError(`it states ${formatCount(stated, 'box')} and holds ${numHeld}.`);
  // What lies behind the number of boxes that is stated fills the arrays up.
  const numBoxes = stated ?? numHeld;
  return {
    row: {
      imageId,
      boxes: corners.subarray(0, 4 * numBoxes),
      features: values.subarray(0, (values.length / numHeld) * numBoxes),
      ...sizeOf(fields),
      ...labelsOf(fields, numBoxes),
    },
    labels: labelKind(fields),
    ...(SHARES.has(boxes.name) ? { boxForm: { format: 'xyxy', unit: 'share' } } : {}),
    notes: isTransposed ? ['features are transposed, one column a box'] : [],
  };
}

/** (n, 4) of (n, 4), of (n, 6) with widths and heights after the corners, or of as many numbers in a row. */
function cornersOf(name: string, array: NumberArray): Float32Array {
  const { shape } = array;
  const [numBoxes = 0, width = 0] = shape.length === 1 ? [(shape[0] as number) / 4, 4] : shape;
  if (
    shape.length > 2 ||
    !(numBoxes >= 1 && numBoxes <= MAX_BOXES && Number.isInteger(numBoxes)) ||
    width < 4
  )
    throw new LxmertError(
      `${name} should have the shape (n, 4) with 1 to ${MAX_BOXES} boxes; it has (${shape.join(', ')}).`,
    );
  return firstFour(floatsOf(array), numBoxes);
}

/** (n, d), of (d, n) as well: the side that is the number of boxes tells. */
function vectorsOf(
  name: string,
  array: NumberArray,
  numBoxes: number,
): { readonly values: Float32Array; readonly isTransposed: boolean } {
  const { shape } = array;
  const isTransposed = shape.length === 2 && shape[0] !== numBoxes && shape[1] === numBoxes;
  if (isTransposed) return { values: floatsOf(transposed(array)), isTransposed };
  const count = countOf(shape);
  if ((shape.length === 1 || shape[0] === numBoxes) && count > 0 && count % numBoxes === 0)
    return { values: floatsOf(array), isTransposed };
  throw new LxmertError(
    `${name} should have the shape (${numBoxes}, d), a vector for each of ${formatCount(numBoxes, 'box')}; it has (${shape.join(', ')}).`,
  );
}

function sizeOf(fields: PictureFields): Pick<RawRow, 'height' | 'width'> {
  const [height, width] = [fields.count('height'), fields.count('width')];
  return height === undefined || width === undefined ? {} : { height, width };
}

function labelKind(fields: PictureFields): LabelKind {
  const hasConfidences = fields.has('objectsConf') || fields.has('classProbabilities');
  if (!fields.has('softLabels') && !(fields.has('objectsId') && hasConfidences)) return 'none';
  return fields.has('attrsId') && fields.has('attrsConf') ? 'all' : 'objects';
}

type Labels = Pick<RawRow, 'objectsId' | 'objectsConf' | 'attrsId' | 'attrsConf'>;

function labelsOf(fields: PictureFields, numBoxes: number): Labels {
  const kind = labelKind(fields);
  if (kind === 'none') return {};
  const attributes =
    kind === 'all'
      ? {
          attrsId: fields.integers('attrsId', numBoxes) as BigInt64Array,
          attrsConf: fields.floats('attrsConf', numBoxes) as Float32Array,
        }
      : {};
  return { ...objectsOf(fields, numBoxes), ...attributes };
}

function objectsOf(fields: PictureFields, numBoxes: number): Labels {
  const soft = fields.array('softLabels');
  if (soft !== undefined) return likeliestOf(probabilitiesOf(soft.name, soft.value, numBoxes));
  const objectsId = fields.integers('objectsId', numBoxes) as BigInt64Array;
  const objectsConf = fields.floats('objectsConf', numBoxes);
  return { objectsId, objectsConf: objectsConf ?? confidencesOf(fields, objectsId) };
}

/** Of each box the probability of its class; where there is one number a box, that is it. */
function confidencesOf(fields: PictureFields, objectsId: BigInt64Array): Float32Array {
  const array = fields.array('classProbabilities');
  if (array === undefined) return new Float32Array(objectsId.length);
  if (array.value.shape.length < 2)
    return fields.floats('classProbabilities', objectsId.length) as Float32Array;
  const { values, numClasses } = probabilitiesOf(array.name, array.value, objectsId.length);
  return Float32Array.from(objectsId, (id, box) => {
    const value = id >= 0 && id < numClasses ? values[box * numClasses + Number(id)] : undefined;
    if (value === undefined)
      throw new LxmertError(`box ${box} has class ${id}, and ${array.name} has ${numClasses} classes.`);
    return value;
  });
}

/** (n, classes) */
interface Probabilities {
  readonly values: Float32Array;
  readonly numClasses: number;
  readonly numBoxes: number;
}

function probabilitiesOf(name: string, array: NumberArray, numBoxes: number): Probabilities {
  const [numRows = 0, numClasses = 0] = array.shape;
  if (array.shape.length !== 2 || numRows < numBoxes || numClasses < 2)
    throw new LxmertError(
      `${name} should have the shape (${numBoxes}, classes); it has (${array.shape.join(', ')}).`,
    );
  return { values: floatsOf(array), numClasses, numBoxes };
}

/** The likeliest object of each box; class 0 of such probabilities is the background. */
function likeliestOf({ values, numClasses, numBoxes }: Probabilities): Labels {
  const objectsId = new BigInt64Array(numBoxes);
  const objectsConf = new Float32Array(numBoxes);
  for (let box = 0; box < numBoxes; box++) {
    const row = values.subarray(box * numClasses + 1, (box + 1) * numClasses);
    let likeliest = 0;
    for (let id = 1; id < row.length; id++)
      if ((row[id] as number) > (row[likeliest] as number)) likeliest = id;
    objectsId[box] = BigInt(likeliest);
    objectsConf[box] = row[likeliest] as number;
  }
  return { objectsId, objectsConf };
}
