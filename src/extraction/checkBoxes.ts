/** @file Whether given boxes are of the pictures, and of the order and unit that they are taken for: the numbers tell. */

import { LxmertError, UsageError } from '../common/errors.js';
import { BOX_FORMATS, BOX_UNITS, type BoxForm, describeBoxForm, toPixelCorners } from '../features/files.js';
import { formatCount } from '../formats/numbers.js';
import type { ImageFile } from '../vision/imageFiles.js';
import { openPicture, readPicture } from '../vision/pictureFile.js';
import type { GivenBoxes } from './givenBoxes.js';

/** Pictures whose sizes are looked at, spread evenly over the list. */
const MAX_LOOKED_AT = 100;
/** Names in a sentence. */
const MAX_NAMED = 3;
/** Boxes beyond this share that do not lie in their pictures are no slips of single lines. */
const MOST_STRAY = 0.1;
/** How far beyond its picture a box may reach: some tools count pixels from 1. */
const SLACK = 1;

/** What was said of the form, apart from what is only the default. */
export type StatedForm = Partial<BoxForm>;

/** A picture's boxes as the file has them, and its size. */
interface Sample {
  readonly id: string;
  readonly boxes: Float32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Looks for what is left out, and for boxes of another order, unit or picture, before anything is computed.
 *
 * @param stated what a person said of the form: then only what contradicts it is refused
 * @returns sentences about what is left out
 * @throws UsageError when no picture has boxes; LxmertError when the numbers tell of another form
 */
export async function checkGivenBoxes(
  given: GivenBoxes,
  images: readonly ImageFile[],
  stated: StatedForm,
): Promise<string[]> {
  const withBoxes = images.filter(({ id }) => given.has(id));
  const { file } = given;
  if (withBoxes.length === 0) {
    throw new UsageError(
      `${file} has boxes for none of the pictures: the first picture's id is ${images[0]?.id}, the first id there is ${given.ids[0]}. ` +
        'The id of a picture is its file name up to the first dot.',
    );
  }
  const samples = await samplesOf(given, withBoxes);
  if (given.isJson) refuseOtherForm(given, samples, stated);
  const known = new Set(images.map(({ id }) => id));
  return [
    ...leftOut(
      images.filter(({ id }) => !given.has(id)).map(({ id }) => id),
      'picture',
      `no boxes in ${file}, and will be left out`,
    ),
    ...leftOut(
      given.ids.filter((id) => !known.has(id)),
      'image',
      `boxes in ${file} and no picture among those given`,
    ),
  ];
}

function leftOut(ids: readonly string[], noun: string, what: string): string[] {
  if (ids.length === 0) return [];
  const more = ids.length - MAX_NAMED;
  const names = `${ids.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return [`${formatCount(ids.length, noun)} (${names}) ${ids.length === 1 ? 'has' : 'have'} ${what}.`];
}

async function samplesOf(given: GivenBoxes, images: readonly ImageFile[]): Promise<Sample[]> {
  const step = Math.max(1, images.length / MAX_LOOKED_AT);
  const samples: Sample[] = [];
  for (let at = 0; at < images.length; at += step) {
    const { id, file } = images[Math.floor(at)] as ImageFile;
    try {
      const { width, height } = await openPicture(await readPicture(file), { name: file });
      samples.push({ id, boxes: given.boxesOf(id), width, height });
    } catch (error) {
      // Told when its turn comes.
      if (!(error instanceof LxmertError)) throw error;
    }
  }
  return samples;
}

function refuseOtherForm({ file, form }: GivenBoxes, samples: readonly Sample[], stated: StatedForm): void {
  const boxes = samples.flatMap(boxesOf);
  const stray = boxes.filter((box) => !lies(box, form));
  const isTaken = `are taken as ${describeBoxForm(form)}`;
  if (stray.length > MOST_STRAY * boxes.length || areShares(boxes, form, stated)) {
    const others = fittingForms(boxes, stated).filter(
      ({ format, unit }) => format !== form.format || unit !== form.unit,
    );
    if (others.length === 0 && stray.length < boxes.length / 2) return;
    const [first] = stray.length > 0 ? stray : boxes;
    throw new LxmertError(
      `The boxes of ${file} ${isTaken}, and ${stray.length > 0 ? `${stray.length} of ${boxes.length} boxes that were looked at do not lie in their pictures so` : 'all of them lie within one pixel'}: ` +
        `${describe(first as Sample)}. ${wayOn(others)}`,
    );
  }
  // Corners lie anywhere in a picture; taken as sizes they soon reach out of it, unless sizes is what they are.
  const telling = boxes.filter(({ boxes: [x, y] }) => x !== 0 || y !== 0);
  const asSizes: BoxForm = { format: 'xywh', unit: 'pixel' };
  if (stated.format !== undefined || stated.unit !== undefined || telling.length < 2) return;
  if (!telling.every((box) => lies(box, asSizes))) return;
  throw new LxmertError(
    `The boxes of ${file} ${isTaken} unless something else is said, and all ${telling.length} that were looked at lie with their middle in the upper left quarter of their pictures: ` +
      `${describe(telling[0] as Sample)}. They may be ${describeBoxForm(asSizes)} (--box-format xywh), of another unit (--box-unit percent or thousandth), or of smaller pictures. ` +
      'Give --box-format xyxy if they are corners in pixels.',
  );
}

/** One box each. */
function boxesOf({ boxes, ...picture }: Sample): Sample[] {
  return Array.from({ length: boxes.length / 4 }, (_, i) => ({
    ...picture,
    boxes: boxes.subarray(4 * i, 4 * i + 4),
  }));
}

function lies({ boxes, width, height }: Sample, form: BoxForm): boolean {
  const [x1, y1, x2, y2] = toPixelCorners({ boxes, width, height }, form) as unknown as [
    number,
    number,
    number,
    number,
  ];
  return x1 >= -SLACK && y1 >= -SLACK && x1 <= x2 && y1 <= y2 && x2 <= width + SLACK && y2 <= height + SLACK;
}

/** Numbers of pixels that never pass 1. */
function areShares(boxes: readonly Sample[], { unit }: BoxForm, stated: StatedForm): boolean {
  return (
    unit === 'pixel' &&
    stated.unit === undefined &&
    boxes.every(
      ({ boxes: numbers, width, height }) =>
        Math.max(width, height) > 2 && numbers.every((value) => value <= 1),
    )
  );
}

/** The forms in which all boxes lie in their pictures, among those that what was said leaves open; likely ones first. */
function fittingForms(boxes: readonly Sample[], stated: StatedForm): BoxForm[] {
  const largest = Math.max(...boxes.map(({ boxes: numbers }) => Math.max(...numbers)));
  const units = BOX_UNITS.filter((unit) => unit !== 'pixel' || largest > 1);
  return units
    .flatMap((unit) => BOX_FORMATS.map((format) => ({ format, unit })))
    .filter(({ format, unit }) => (stated.format ?? format) === format && (stated.unit ?? unit) === unit)
    .filter((form) => boxes.every((box) => lies(box, form)));
}

function wayOn([first, ...others]: readonly BoxForm[]): string {
  if (first === undefined) {
    return 'They fit no order and unit that is known here: they may be of other pictures, or of pictures of another size.';
  }
  const flags = ({ format, unit }: BoxForm): string => `--box-format ${format} --box-unit ${unit}`;
  const more = others.slice(0, 2).map((form) => `${describeBoxForm(form)} (${flags(form)})`);
  return `All would fit as ${describeBoxForm(first)}: give ${flags(first)} if that is what they are${more.length === 0 ? '' : `; they would also fit as ${more.join(', or ')}`}. They may also be of pictures of another size.`;
}

function describe({ id, boxes, width, height }: Sample): string {
  const numbers = Array.from(boxes, (value) => Number(value.toFixed(3)));
  return `picture ${id} (${width} x ${height}) has ${numbers.join(', ')}`;
}
