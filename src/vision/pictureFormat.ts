/** @file What kind of picture a file holds, by its first bytes and not by its name. */

/** The kinds that are decoded. */
export type PictureFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'TIFF';

/** Where in the file each kind's mark stands; every part of one row must match. */
const MARKS: readonly (readonly [PictureFormat, readonly (readonly [number, readonly number[]])[]])[] = [
  ['JPEG', [[0, [0xff, 0xd8, 0xff]]]],
  ['PNG', [[0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]]]],
  [
    'WebP',
    [
      [0, ascii('RIFF')],
      [8, ascii('WEBP')],
    ],
  ],
  ['GIF', [[0, ascii('GIF8')]]],
  ['TIFF', [[0, [0x49, 0x49, 0x2a, 0x00]]]],
  ['TIFF', [[0, [0x4d, 0x4d, 0x00, 0x2a]]]],
];

/** The kind of picture that begins with `bytes`, or undefined; at least 12 bytes are wanted. */
export function namePictureFormat(bytes: Uint8Array): PictureFormat | undefined {
  const found = MARKS.find(([, parts]) =>
    parts.every(([at, mark]) => mark.every((value, i) => bytes[at + i] === value)),
  );
  return found?.[0];
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
