/** @file What the boxes of a table's first rows tell: whether they are corners in pixels of the pictures whose sizes stand beside them. */

import { LxmertError } from '../common/errors.js';
import {
  type BoxForm,
  describeBoxForm,
  findOtherForm,
  fits,
  PIXEL_CORNERS,
  type PictureBoxes,
} from './boxForms.js';
import { reachNotesOf } from './boxReach.js';
import { decodeFloats, type NumberType, otherOrder, swapBytes } from './numberTypes.js';

/** The boxes of one row as its field has them. */
export interface PictureBytes {
  readonly bytes: ArrayBuffer;
  readonly numBoxes: number;
  readonly width: number;
  readonly height: number;
}

/** The boxes of some rows, and how their numbers are written. */
export interface TableBoxes {
  readonly pictures: readonly PictureBytes[];
  readonly type: NumberType;
}

/** @throws LxmertError when the boxes plainly have another form than corners in pixels */
export function checkBoxes(place: string, { pictures: all, type }: TableBoxes): void {
  const pictures = decoded(all, type);
  const [first] = pictures;
  if (first === undefined) return;
  const form = findOtherForm(pictures);
  if (form !== undefined) throw new LxmertError(`${place}: ${otherFormText(first, form)}`);
  if (pictures.some((given) => fits(given, PIXEL_CORNERS))) return;
  const swapped = decoded(
    all.map((picture) => ({ ...picture, bytes: swapBytes(picture.bytes, type) })),
    type,
  );
  if (swapped.every((given) => fits(given, PIXEL_CORNERS)) || findOtherForm(swapped) !== undefined)
    throw new LxmertError(`${place}: the boxes are no corners in pixels. ${otherOrder(type)}`);
}

function otherFormText(first: PictureBoxes, form: BoxForm): string {
  const flags = [
    form.unit === 'pixel' ? '' : ` --box-unit ${form.unit}`,
    form.format === 'xyxy' ? '' : ` --box-format ${form.format}`,
  ].join('');
  const shown = Array.from(first.boxes.subarray(0, 4), (value) => Number(value.toPrecision(4))).join(', ');
  const other =
    form.format === 'yxyx' && form.unit === 'pixel'
      ? ". The same is seen where height and width of the pictures stand in each other's column: if that is so, put a header " +
        'line with the names of the columns (img_id, img_w, img_h and so on) above the rows instead'
      : '';
  return (
    `the boxes are no corners in pixels (x1, y1, x2, y2); the first is ${shown} in a picture of ` +
    `${first.width} x ${first.height}. They fit as ${describeBoxForm(form)}: state that with${flags}${other}`
  );
}

/** As {@link reachNotesOf}, of the boxes of a table. */
export function reachNotes({ pictures, type }: TableBoxes, form: BoxForm): string[] {
  return reachNotesOf(decoded(pictures, type), form);
}

/** The boxes of pictures whose field holds as many numbers as their boxes have. */
function decoded(pictures: readonly PictureBytes[], type: NumberType): PictureBoxes[] {
  return pictures.flatMap(({ bytes, numBoxes, width, height }) => {
    try {
      const boxes = decodeFloats(bytes, type);
      return boxes.length === numBoxes * 4 ? [{ boxes, width, height }] : [];
    } catch {
      return [];
    }
  });
}
