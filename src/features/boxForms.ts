/** @file Forms in which boxes come (order of the four numbers, unit), told from each other by the numbers themselves. */

import { findBoxProblem } from './row.js';

export const BOX_FORMATS = ['xyxy', 'xywh', 'yxyx', 'cxcywh'] as const;
/** xyxy: two corners; xywh: a corner, width and height; yxyx: two corners, y first; cxcywh: the centre, width and height. */
export type BoxFormat = (typeof BOX_FORMATS)[number];

export const BOX_UNITS = ['pixel', 'share', 'percent', 'thousandth'] as const;
/** Pixels of the picture, or shares (0 to 1), per cent or thousandths (0 to 1000) of its sides. */
export type BoxUnit = (typeof BOX_UNITS)[number];

export interface BoxForm {
  readonly format: BoxFormat;
  readonly unit: BoxUnit;
}

/** What the files of this field have, and what a row holds. */
export const PIXEL_CORNERS: BoxForm = { format: 'xyxy', unit: 'pixel' };

/** Boxes of one picture as a file has them. */
export interface PictureBoxes {
  /** (numBoxes, 4) */
  readonly boxes: Float32Array;
  readonly width: number;
  readonly height: number;
}

const PARTS_OF_WHOLE: Readonly<Record<Exclude<BoxUnit, 'pixel'>, number>> = {
  share: 1,
  percent: 100,
  thousandth: 1000,
};

/** How far rounding may lead out of the picture when corners are computed, as a share of its side. */
const ROUNDING = 1e-4;

/**
 * Corners in pixels, (numBoxes, 4), of boxes in any form; the boxes themselves where they are that already. What leads
 * out of the picture by rounding alone is put onto its edge.
 */
export function toPixelCorners({ boxes, width, height }: PictureBoxes, form: BoxForm): Float32Array {
  if (form.format === 'xyxy' && form.unit === 'pixel') return boxes;
  const corners = new Float32Array(boxes.length);
  const scale = form.unit === 'pixel' ? undefined : PARTS_OF_WHOLE[form.unit];
  const [scaleX, scaleY] = scale === undefined ? [1, 1] : [width / scale, height / scale];
  for (let at = 0; at < boxes.length; at += 4) {
    const [a, b, c, d] = boxes.subarray(at, at + 4) as unknown as [number, number, number, number];
    const [x1, y1, x2, y2] = cornersOf(form.format, a, b, c, d);
    corners[at] = onEdge(x1 * scaleX, width);
    corners[at + 1] = onEdge(y1 * scaleY, height);
    corners[at + 2] = onEdge(x2 * scaleX, width);
    corners[at + 3] = onEdge(y2 * scaleY, height);
  }
  return corners;
}

function cornersOf(
  format: BoxFormat,
  a: number,
  b: number,
  c: number,
  d: number,
): readonly [number, number, number, number] {
  switch (format) {
    case 'xyxy':
      return [a, b, c, d];
    case 'xywh':
      return [a, b, a + c, b + d];
    case 'yxyx':
      return [b, a, d, c];
    case 'cxcywh':
      return [a - c / 2, b - d / 2, a + c / 2, b + d / 2];
  }
}

function onEdge(value: number, side: number): number {
  if (value > side && value <= side * (1 + ROUNDING)) return side;
  return value < 0 && value >= -ROUNDING * side ? 0 : value;
}

/** What the outermost box of a picture reaches in thousandths; few pictures have nothing beyond. */
const LEAST_REACH = 700;

/** Whether boxes of this form would lie in their picture, none running backwards and not all in its first pixel. */
export function fits(given: PictureBoxes, form: BoxForm): boolean {
  const most = given.boxes.reduce((max, value) => Math.max(max, value), 0);
  if (form.unit === 'share' && most > 1.001) return false;
  if (form.unit === 'thousandth' && !(most > LEAST_REACH && most <= 1001)) return false;
  const corners = toPixelCorners(given, form);
  return findBoxProblem(corners, corners.length / 4, given.width, given.height) === undefined;
}

/** Forms other than corners in pixels, the likeliest first. */
const OTHER_FORMS: readonly BoxForm[] = (['pixel', 'share', 'thousandth'] as const)
  .flatMap((unit) => BOX_FORMATS.map((format) => ({ format, unit })))
  .filter(({ format, unit }) => format !== 'xyxy' || unit !== 'pixel');

/**
 * The form that boxes of some pictures plainly have, when it is not corners in pixels: most pictures' boxes cannot be
 * corners in pixels, and all of them fit that other form. Undefined when nothing speaks against pixels, or for them.
 */
export function findOtherForm(pictures: readonly PictureBoxes[]): BoxForm | undefined {
  if (pictures.length === 0) return undefined;
  if (areThousandths(pictures)) return { format: 'xyxy', unit: 'thousandth' };
  const numUnfit = pictures.filter((given) => !fits(given, PIXEL_CORNERS)).length;
  if (2 * numUnfit <= pictures.length) return undefined;
  const areShares = pictures.every(({ boxes }) => boxes.every((value) => value <= 1.001));
  return OTHER_FORMS.filter(({ unit }) => (unit === 'share') === areShares).find(
    (form) =>
      pictures.every((given) => fits(given, form)) && (form.unit !== 'thousandth' || fillBothSides(pictures)),
  );
}

/** Whether boxes reach thousands of both sides in most pictures; in pixels of larger copies one side stays behind. */
function fillBothSides(pictures: readonly PictureBoxes[]): boolean {
  const filled = pictures.filter(({ boxes }) => {
    const most = [0, 0];
    boxes.forEach((value, i) => {
      most[i % 2] = Math.max(most[i % 2] as number, value);
    });
    return Math.min(...most) > LEAST_REACH;
  });
  return 2 * filled.length > pictures.length;
}

/** Pictures larger than a thousand pixels whose boxes all end at a thousand: as pixels they would cover a corner only. */
function areThousandths(pictures: readonly PictureBoxes[]): boolean {
  const wide = pictures.filter(({ width, height }) => Math.min(width, height) > 1100);
  if (wide.length < 2) return false;
  return wide.every(({ boxes }) => {
    let most = 0;
    for (const value of boxes) most = Math.max(most, value);
    return most <= 1000 && most > 900;
  });
}

/** `corners in pixels (x1, y1, x2, y2)` and the like. */
export function describeBoxForm({ format, unit }: BoxForm): string {
  const numbers = {
    xyxy: 'x1, y1, x2, y2',
    xywh: 'x, y, width, height',
    yxyx: 'y1, x1, y2, x2',
    cxcywh: 'centre x, centre y, width, height',
  }[format];
  const units = {
    pixel: 'in pixels',
    share: "as shares of the picture's sides (0 to 1)",
    percent: "in per cent of the picture's sides (0 to 100)",
    thousandth: "in thousandths of the picture's sides (0 to 1000)",
  }[unit];
  return `${numbers} ${units}`;
}
