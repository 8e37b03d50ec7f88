/** @file In what order and unit a file gives the four numbers of a box, and how they become corners in pixels. */

export const BOX_FORMATS = ['xyxy', 'xywh', 'yxyx', 'cxcywh'] as const;
/** Order of the four numbers. */
export type BoxFormat = (typeof BOX_FORMATS)[number];

export const BOX_UNITS = ['pixel', 'share', 'percent', 'thousandth'] as const;
/** Of the picture's sides, or pixels of it. */
export type BoxUnit = (typeof BOX_UNITS)[number];

export interface BoxForm {
  readonly format: BoxFormat;
  readonly unit: BoxUnit;
}

/** What a file has where nothing else is said. */
export const DEFAULT_BOX_FORM: BoxForm = { format: 'xyxy', unit: 'pixel' };

const ORDERS: Readonly<Record<BoxFormat, string>> = {
  xyxy: 'x1, y1, x2, y2',
  xywh: 'x, y, width, height',
  yxyx: 'y1, x1, y2, x2',
  cxcywh: 'middle x, middle y, width, height',
};
const PARTS_OF_WHOLE: Readonly<Record<Exclude<BoxUnit, 'pixel'>, number>> = {
  share: 1,
  percent: 100,
  thousandth: 1000,
};

/** `x1, y1, x2, y2 in pixels`. */
export function describeBoxForm({ format, unit }: BoxForm): string {
  const units = {
    pixel: 'pixels',
    share: 'shares of the sides (0 to 1)',
    percent: 'per cent',
    thousandth: 'thousandths',
  };
  return `${ORDERS[format]} in ${units[unit]}`;
}

/** Corners in pixels, (n, 4): x1, y1, x2, y2, of boxes (n, 4) of a picture of `width` x `height`. */
export function toPixelCorners(
  boxes: Float32Array,
  { format, unit }: BoxForm,
  width: number,
  height: number,
): Float32Array {
  const corners = new Float32Array(boxes.length);
  const [across, down] =
    unit === 'pixel' ? [1, 1] : [width / PARTS_OF_WHOLE[unit], height / PARTS_OF_WHOLE[unit]];
  for (let i = 0; i < boxes.length; i += 4) {
    const [x1, y1, x2, y2] = cornersOf(boxes.subarray(i, i + 4), format);
    corners.set([x1 * across, y1 * down, x2 * across, y2 * down], i);
  }
  return corners;
}

function cornersOf(box: Float32Array, format: BoxFormat): readonly [number, number, number, number] {
  const [a, b, c, d] = box as unknown as readonly [number, number, number, number];
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
