/** @file The bytes of a picture's file and what its header says, looked at before anything is decoded. */

import { readFileSync, type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { hasErrorCode, LxmertError, messageOf, UsageError, unreadable } from '../common/errors.js';
import { contentKindOf } from '../formats/contentKind.js';
import { decodedName, whyNotDecoded } from './pictureKinds.js';
import { findTooManyParts } from './pictureParts.js';

// libvips keeps its last hundred operations with their pictures; here no picture is decoded twice.
sharp.cache(false);

/** 64 megapixels: any camera's picture; a small file that unpacks to more is an attack or a mistake. */
export const DEFAULT_MAX_PIXELS = 64 * 1024 * 1024;

/** 256 MiB: more than 64 megapixels take uncompressed. */
export const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** Pixels of a side, as JPEG has at most. Decoding row by row, a picture one pixel wide takes as long for each as a wide one. */
const MAX_SIDE = 65_535;

/** What a picture may be, and what it is called. */
export interface DecodeOptions {
  /** Pictures of more pixels are refused before they are decoded. Default {@link DEFAULT_MAX_PIXELS}. */
  readonly maxPixels?: number;
  /** Files of more bytes are refused before they are read. Default {@link DEFAULT_MAX_BYTES}. */
  readonly maxBytes?: number;
  /** What errors call the picture. Default: its path, or `the picture` for bytes. */
  readonly name?: string;
  /** Throws for sides (of the upright picture) that whoever wants it has no use for; asked before it is decoded. */
  readonly requireSize?: ((width: number, height: number) => void) | undefined;
}

/** A picture whose header was read and found within the limits; nothing of it is decoded. */
export interface OpenedPicture {
  readonly image: Sharp;
  readonly metadata: Metadata;
  /** Of the upright picture, in pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * The bytes of a picture's file; its size is looked at first.
 *
 * @throws UsageError when the file is not there or is none; LxmertError when it is empty or too large
 */
export async function readPicture(
  file: string,
  name = file,
  maxBytes = DEFAULT_MAX_BYTES,
): Promise<Uint8Array> {
  try {
    refuseStatus(await stat(file), name, maxBytes);
    return await readFile(file);
  } catch (cause) {
    throw unreadablePicture(cause, name);
  }
}

/**
 * The same at once, with the time of its last change in milliseconds: in a thread of its own, to wait five times for the file
 * system takes longer than to read a small picture.
 */
export function readPictureSync(file: string): { bytes: Uint8Array; modified: number } {
  try {
    const status = statSync(file);
    refuseStatus(status, file, DEFAULT_MAX_BYTES);
    return { bytes: readFileSync(file), modified: status.mtimeMs };
  } catch (cause) {
    throw unreadablePicture(cause, file);
  }
}

function refuseStatus(status: Stats, name: string, maxBytes: number): void {
  if (status.isDirectory()) throw new UsageError(`${sentenceStart(name)} is a folder, not a picture.`);
  // A pipe would be waited for without end.
  if (!status.isFile()) throw new UsageError(`${sentenceStart(name)} is not a file.`);
  refuseSize(status.size, name, maxBytes);
}

function unreadablePicture(cause: unknown, name: string): LxmertError {
  if (cause instanceof LxmertError) return cause;
  if (hasErrorCode(cause, 'ENOENT')) return new UsageError(`There is no picture at ${name}.`, { cause });
  return unreadable(name, cause);
}

/**
 * Looks at a picture's header, decoding nothing.
 *
 * @throws LxmertError for what is no picture of a kind that is decoded, for a damaged header, and beyond the limits
 */
export async function openPicture(bytes: Uint8Array, limits: DecodeOptions = {}): Promise<OpenedPicture> {
  const { name = 'the picture', maxPixels = DEFAULT_MAX_PIXELS, maxBytes = DEFAULT_MAX_BYTES } = limits;
  refuseSize(bytes.byteLength, name, maxBytes);
  const kind = contentKindOf(bytes);
  const format = decodedName(kind);
  if (format === undefined) throw new LxmertError(`${sentenceStart(name)} ${whyNotDecoded(kind)}`);
  const tooMany = findTooManyParts(bytes, kind.kind);
  if (tooMany !== undefined) throw new LxmertError(`${sentenceStart(name)} ${tooMany}`);
  // A truncated file fails too at this level; what the decoder mends with a warning passes, as it does in OpenCV.
  const image = sharp(bytes, { limitInputPixels: false, failOn: 'error', ignoreIcc: true });
  const metadata = await image.metadata().catch((cause) => {
    throw damaged(cause, format, name);
  });
  refuseSides(metadata.width, metadata.height, maxPixels, name);
  refuseDepth(metadata.depth, name);
  const { width, height } = metadata.autoOrient;
  limits.requireSize?.(width, height);
  return { image, metadata, width, height };
}

/** What is said of a picture that the decoder gave up on. */
export function damaged(cause: unknown, format: string, name: string): LxmertError {
  return new LxmertError(
    `${sentenceStart(name)} cannot be decoded; as a ${format} file it is damaged or cut short: ${reasonOf(cause)}. ` +
      'Get it again, or leave it out.',
    { cause },
  );
}

/** `the picture` begins a sentence with a capital; a path stays as it is. */
export function sentenceStart(name: string): string {
  return name === 'the picture' ? 'The picture' : name;
}

function refuseSize(numBytes: number, name: string, maxBytes: number): void {
  if (numBytes === 0) throw new LxmertError(`${sentenceStart(name)} is empty (0 bytes). Get it again.`);
  if (numBytes <= maxBytes) return;
  throw new LxmertError(
    `${sentenceStart(name)} is a file of ${numBytes} bytes; a picture may have at most ${maxBytes}.`,
  );
}

function refuseSides(width: number, height: number, maxPixels: number, name: string): void {
  const rule =
    width * height > maxPixels
      ? `at most ${maxPixels} in all`
      : Math.max(width, height) > MAX_SIDE
        ? `at most ${MAX_SIDE} on a side`
        : undefined;
  if (rule === undefined) return;
  throw new LxmertError(
    `${sentenceStart(name)} has ${width} x ${height} pixels; a picture may have ${rule}. Make it smaller first.`,
  );
}

/** What is not stored in 8 or 16 bits without a sign has no white that could be known: it would come out black. */
function refuseDepth(depth: string | undefined, name: string): void {
  if (depth === undefined || depth === 'uchar' || depth === 'ushort') return;
  throw new LxmertError(
    `${sentenceStart(name)} has pixels of the type ${depth}; 8 or 16 bits without a sign are read. Save it with 8 bits first.`,
  );
}

/** The decoder's first line, which is the one that names the fault, without the names of its functions. */
function reasonOf(cause: unknown): string {
  const [line = ''] = messageOf(cause).split('\n');
  const reason = line
    .replace(/^Input (buffer|file) (has corrupt header|contains unsupported image format): */, '')
    .replace(/^(\w*(load|Vips)\w*: )+/i, '')
    .trim()
    .replace(/\.$/, '');
  return reason === '' ? 'its header cannot be read' : reason;
}
