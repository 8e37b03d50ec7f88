/**
 * @file How many pages, frames or scans a picture's file has: decoders go through all of them, whatever the number of
 * pixels, before they give the first.
 */

import type { ContentKindName } from '../formats/contentKind.js';

/** What is counted in files of a kind, and how many there may be: more than cameras and editors make. */
const RULES: Partial<
  Record<ContentKindName, { readonly noun: string; readonly most: number; readonly count: Count }>
> = {
  jpeg: { noun: 'scans', most: 100, count: countScans },
  gif: { noun: 'frames', most: 10_000, count: countGifFrames },
  webp: { noun: 'frames', most: 10_000, count: countWebPFrames },
  tiff: { noun: 'pages', most: 1000, count: countPages },
};
/** Counts until there are more than `most`, or the file is no more what it should be: the decoder tells of that. */
type Count = (bytes: Buffer, most: number) => number;

/** The end of a sentence on a file of too many parts; undefined for others. */
export function findTooManyParts(bytes: Uint8Array, kind: ContentKindName): string | undefined {
  const rule = RULES[kind];
  if (rule === undefined) return undefined;
  const { noun, most, count } = rule;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (count(view, most) <= most) return undefined;
  return `has more than ${most} ${noun}, which takes too long to go through. Save its first picture alone, as PNG or plain JPEG.`;
}

/** Starts of scans (SOS) up to the end of the picture (EOI). */
function countScans(bytes: Buffer, most: number): number {
  let numScans = 0;
  let at = 2;
  while (numScans <= most) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 4 > bytes.length) break;
    const marker = bytes[at + 1] as number;
    // Stuffing, restarts and fill bytes stand within a scan.
    if (marker === 0xff) at++;
    else if (marker === 0 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else if (marker === 0xd9) break;
    else {
      if (marker === 0xda) numScans++;
      at += 2 + bytes.readUInt16BE(at + 2);
    }
  }
  return numScans;
}

function countGifFrames(bytes: Buffer, most: number): number {
  const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 << ((flags & 7) + 1));
  let numFrames = 0;
  let at = 13 + tableBytes(bytes[10] ?? 0);
  while (numFrames <= most && at < bytes.length) {
    if (bytes[at] === 0x2c) {
      numFrames++;
      at += 11 + tableBytes(bytes[at + 9] ?? 0);
    } else if (bytes[at] === 0x21) at += 2;
    else break;
    // Blocks of up to 255 bytes, the last of none.
    while (at < bytes.length && bytes[at] !== 0) at += (bytes[at] as number) + 1;
    at++;
  }
  return numFrames;
}

function countWebPFrames(bytes: Buffer, most: number): number {
  let numFrames = 0;
  for (let at = 12; at + 8 <= bytes.length && numFrames <= most; ) {
    if (bytes.toString('latin1', at, at + 4) === 'ANMF') numFrames++;
    const size = bytes.readUInt32LE(at + 4);
    at += 8 + size + (size & 1);
  }
  return numFrames;
}

/** Directories, each of which says where the next one is. */
function countPages(bytes: Buffer, most: number): number {
  const isLittle = bytes[0] === 0x49;
  let numPages = 0;
  for (let place = 4; place + 4 <= bytes.length && numPages <= most; numPages++) {
    const at = isLittle ? bytes.readUInt32LE(place) : bytes.readUInt32BE(place);
    if (at === 0 || at + 2 > bytes.length) break;
    place = at + 2 + 12 * (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  }
  return numPages;
}
