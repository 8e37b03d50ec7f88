/** @file Boxes that are given for pictures, instead of those that the detector would propose. */

import { z } from 'zod';
import { endSentence, LxmertError, UsageError } from '../common/errors.js';
import { checkRecord } from '../data/annotations/record.js';
import {
  BOX_FORMATS,
  BOX_UNITS,
  type BoxForm,
  describeBoxForm,
  MAX_BOXES,
  PIXEL_CORNERS,
  readObj36,
  toPixelCorners,
} from '../features/files.js';
import { readJsonLines } from '../formats/lines/jsonLines.js';
import { isTsv } from './keptRows.js';

const lineSchema = z.object({
  image: z.union([z.string().min(1), z.int()]).transform(String),
  boxes: z
    .array(z.tuple([z.number(), z.number(), z.number(), z.number()]))
    .min(1)
    .max(MAX_BOXES),
});

const EXPECTED_LINES =
  '--boxes takes JSON lines, one picture each: {"image": "2375429", "boxes": [[x1, y1, x2, y2], ...]}, or an obj36 TSV file whose ' +
  "name ends with .tsv. Other files, such as COCO's annotations or Visual Genome's objects, have to be written so first; " +
  'their x, y, width, height can stay, with --box-format xywh.';

/** One picture's boxes as they stand in a file. */
export interface StatedBoxes {
  readonly file: string;
  readonly form: BoxForm;
  /** (n, 4) */
  readonly values: Float32Array;
}

/** (n, 4): x1, y1, x2, y2 in pixels of a picture of `width` x `height` */
export function pixelBoxesOf({ values, form }: StatedBoxes, width: number, height: number): Float32Array {
  return toPixelCorners({ boxes: values, width, height }, form);
}

/** Boxes by image id; all of them are held, 16 bytes each. */
export class GivenBoxes {
  private constructor(
    readonly file: string,
    /** Order and unit of the numbers in the file. */
    readonly form: BoxForm,
    private readonly boxes: ReadonlyMap<string, Float32Array>,
  ) {}

  /**
   * Reads lines `{"image": "2375429", "boxes": [[x1, y1, x2, y2], ...]}` in pixels of the picture, x from the left and y from
   * the top, unless `form` says otherwise; or, from a file whose name ends with .tsv, the boxes of an obj36 TSV file.
   *
   * @throws UsageError when there is no such file, or another form is said of a TSV file; LxmertError naming the line that is not as expected
   */
  static async read(file: string, form: BoxForm = PIXEL_CORNERS): Promise<GivenBoxes> {
    const boxes = new Map<string, Float32Array>();
    const add = (imageId: string, values: Float32Array, place: string): void => {
      if (boxes.has(imageId)) {
        throw new LxmertError(
          `${file}, ${place}: image ${imageId} already has boxes above. Remove one of the lines.`,
        );
      }
      boxes.set(imageId, values);
    };
    if (isTsv(file)) {
      if (form.format !== 'xyxy' || form.unit !== 'pixel') {
        throw new UsageError(
          `${file} is an obj36 TSV file, whose boxes are ${describeBoxForm(PIXEL_CORNERS)}; leave --box-format and --box-unit out.`,
        );
      }
      for await (const { row, line } of readObj36(file)) add(row.imageId, row.boxes, `line ${line}`);
    } else {
      try {
        for await (const { value, place } of readJsonLines(file)) {
          const { image, boxes: given } = checkRecord(lineSchema, value, file, place);
          add(image, Float32Array.from(given.flat()), place);
        }
      } catch (error) {
        // What is wrong from the first line on is a file of another kind.
        if (boxes.size > 0 || !(error instanceof LxmertError)) throw error;
        throw new LxmertError(`${endSentence(error.message)} ${EXPECTED_LINES}`, { cause: error });
      }
    }
    if (boxes.size === 0) throw new LxmertError(`${file} holds no boxes.`);
    return new GivenBoxes(file, form, boxes);
  }

  /** Most boxes of any image. */
  get mostBoxes(): number {
    let most = 0;
    for (const values of this.boxes.values()) most = Math.max(most, values.length / 4);
    return most;
  }

  /** In the order of the file. */
  get ids(): readonly string[] {
    return [...this.boxes.keys()];
  }

  /** False for a TSV file, whose form is known. */
  get isJson(): boolean {
    return !isTsv(this.file);
  }

  /** True where the file has boxes of the image. */
  has(imageId: string): boolean {
    return this.boxes.has(imageId);
  }

  /**
   * (n, 4), as they stand in the file.
   *
   * @throws LxmertError when the file has none for the image
   */
  boxesOf(imageId: string): Float32Array {
    const found = this.boxes.get(imageId);
    if (found === undefined) throw new LxmertError(`${this.file} has no boxes for image ${imageId}.`);
    return found;
  }

  /** @throws LxmertError when the file has none for the image */
  of(imageId: string): StatedBoxes {
    return { file: this.file, form: this.form, values: this.boxesOf(imageId) };
  }

  /**
   * (n, 4): x1, y1, x2, y2 in pixels of a picture of `width` x `height`
   *
   * @throws LxmertError when the file has none for the image
   */
  pixelBoxesOf(imageId: string, width: number, height: number): Float32Array {
    return pixelBoxesOf(this.of(imageId), width, height);
  }

  /** What makes the boxes of an image other ones than before: the numbers, and for what they are taken. */
  identityOf(imageId: string): Float32Array {
    const { format, unit } = this.form;
    const boxes = this.boxesOf(imageId);
    if (format === 'xyxy' && unit === 'pixel') return boxes;
    return Float32Array.of(BOX_FORMATS.indexOf(format), BOX_UNITS.indexOf(unit), ...boxes);
  }
}
