/** @file Which kinds of pictures are decoded, which are known and are not, and what is said of those. */

import path from 'node:path';
import { type ContentKind, type ContentKindName, PICTURE_KINDS } from '../formats/contentKind.js';

/** As they are called in sentences. */
const DECODED: Partial<Record<ContentKindName, string>> = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  gif: 'GIF',
  tiff: 'TIFF',
  avif: 'AVIF',
};

/** Drawings are pictures to a person; the decoder library draws some, and each may be a program that takes any time and memory. */
const DRAWINGS: ReadonlySet<ContentKindName> = new Set(['svg', 'postScript']);

/** Ends of names by which a person calls a file a picture, in small letters. */
const PICTURE_ENDINGS: ReadonlySet<string> = new Set(
  (
    'jpg jpeg jpe jfif png webp gif tif tiff avif heic heif hif bmp dib svg jxl jp2 j2k jpx jxr psd ico ' +
    'pbm pgm ppm pnm exr hdr dds eps cr2 cr3 crw nef nrw arw sr2 dng raf orf rw2 pef srw x3f mrw 3fr iiq'
  )
    .split(' ')
    .map((ending) => `.${ending}`),
);

/** The kinds that are decoded, as a sentence lists them: "JPEG, PNG ... or AVIF". */
export const DECODED_KINDS = `${Object.values(DECODED).slice(0, -1).join(', ')} or ${Object.values(DECODED).at(-1)}`;

/** `JPEG` and the like for a kind that is decoded, else undefined. */
export function decodedName(kind: ContentKind): string | undefined {
  return DECODED[kind.kind];
}

/** True for pictures of every kind, decoded or not. */
export function isPictureKind({ kind }: ContentKind): boolean {
  return PICTURE_KINDS.has(kind) || DRAWINGS.has(kind);
}

/** True where the name of a file says that it is a picture, whatever is in it. */
export function hasPictureEnding(file: string): boolean {
  return PICTURE_ENDINGS.has(path.extname(file).toLowerCase());
}

/** Of what a picture is called, the end of a sentence about a file that is not decoded. */
export function whyNotDecoded(kind: ContentKind): string {
  const { kind: word, name } = kind;
  if (word === 'empty') return `is ${name}. Get it again.`;
  if (word === 'zeros' || word === 'gitLfs' || word === 'html')
    return `is no picture but ${name}. Get it again.`;
  if (isPictureKind(kind)) return `is ${name}, which is not read here. Convert it to JPEG or PNG.`;
  return `is not a ${DECODED_KINDS} file, whatever its name: it is ${name}. Convert it to JPEG or PNG if it is a picture.`;
}
