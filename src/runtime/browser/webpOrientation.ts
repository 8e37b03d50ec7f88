/** @file The EXIF orientation of WebP files, which browsers leave aside, and turning pixels by it. */

import type { RgbImage } from '../../common/rgbImage.js';

/** EXIF's numbers: 1 is upright, 5 to 8 swap the sides. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
/** A chunk of EXIF holds a thumbnail at most; what claims more is not looked into. */
const MAX_EXIF_BYTES = 1024 * 1024;

/**
 * The orientation that a WebP file states, 1 when it states none; undefined for files of other kinds.
 * The container is a list of chunks (RIFF): four letters, a length, the bytes, padded to even.
 */
export async function webpOrientation(file: Blob): Promise<Orientation | undefined> {
  const head = await viewOf(file, 0, 12);
  if (head.byteLength < 12 || lettersAt(head, 0) !== 'RIFF' || lettersAt(head, 8) !== 'WEBP')
    return undefined;
  for (let place = 12; place + 8 <= file.size; ) {
    const chunk = await viewOf(file, place, 8);
    const numBytes = chunk.getUint32(4, true);
    if (lettersAt(chunk, 0) === 'EXIF') {
      return numBytes > MAX_EXIF_BYTES ? 1 : exifOrientation(await viewOf(file, place + 8, numBytes));
    }
    place += 8 + numBytes + (numBytes % 2);
  }
  return 1;
}

async function viewOf(file: Blob, from: number, numBytes: number): Promise<DataView> {
  return new DataView(await file.slice(from, from + numBytes).arrayBuffer());
}

function lettersAt(view: DataView, place: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(place + i)));
}

/** Of a block of EXIF: a TIFF header, then a directory of entries of 12 bytes. */
function exifOrientation(view: DataView): Orientation {
  // Some writers keep the six bytes that JPEG has before it.
  const start = view.byteLength >= 6 && lettersAt(view, 0) === 'Exif' ? 6 : 0;
  if (view.byteLength < start + 8) return 1;
  const order = lettersAt(view, start).slice(0, 2);
  if (order !== 'II' && order !== 'MM') return 1;
  const isLittle = order === 'II';
  const directory = start + view.getUint32(start + 4, isLittle);
  if (directory + 2 > view.byteLength) return 1;
  const numEntries = view.getUint16(directory, isLittle);
  for (let i = 0; i < numEntries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > view.byteLength) return 1;
    if (view.getUint16(entry, isLittle) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(entry + 8, isLittle);
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

/** For each orientation, where the pixel of the upright picture stands in the stored one: from the far end of x or y, and sides swapped. */
const TURNS: Readonly<
  Record<Orientation, readonly [fromRight: boolean, fromBottom: boolean, isSwapped: boolean]>
> = {
  1: [false, false, false],
  2: [true, false, false],
  3: [true, true, false],
  4: [false, true, false],
  5: [false, false, true],
  6: [false, true, true],
  7: [true, true, true],
  8: [true, false, true],
};

/** The picture as it is meant to be looked at. */
export function turnUpright(image: RgbImage, orientation: Orientation): RgbImage {
  if (orientation === 1) return image;
  const [fromRight, fromBottom, isSwapped] = TURNS[orientation];
  const [width, height] = isSwapped ? [image.height, image.width] : [image.width, image.height];
  const data = new Uint8Array(image.data.length);
  for (let y = 0, target = 0; y < height; y++) {
    for (let x = 0; x < width; x++, target += 3) {
      const [along, down] = isSwapped ? [y, x] : [x, y];
      const storedX = fromRight ? image.width - 1 - along : along;
      const storedY = fromBottom ? image.height - 1 - down : down;
      const source = 3 * (storedY * image.width + storedX);
      data[target] = image.data[source] as number;
      data[target + 1] = image.data[source + 1] as number;
      data[target + 2] = image.data[source + 2] as number;
    }
  }
  return { width, height, data };
}
