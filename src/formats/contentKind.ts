/** @file What a file is by its first bytes, whatever its name says: for messages that name what was given. */

import { type Stats, statSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { isCameraRaw } from './cameraRaw.js';
import { readHead } from './fileHead.js';
import { recordKindOf } from './recordKinds.js';

/** A kind of content: a word to decide by, and what a person calls it. */
export interface ContentKind {
  readonly kind: ContentKindName;
  /** As it stands after "is": `an HDF5 file`. */
  readonly name: string;
}

export type ContentKindName = keyof typeof NAMES;

const NAMES = {
  empty: 'empty (0 bytes)',
  zeros: 'a file that begins with zeros only, as a download that broke off leaves it',
  gitLfs: 'a git-lfs pointer, not the file itself (fetch it with git lfs pull)',
  html: 'a web page (HTML), as a download link that led to a login or an error leaves it',
  hdf5: 'an HDF5 file',
  gzip: 'a gzip archive',
  bzip2: 'a bzip2 archive',
  xz: 'an xz archive',
  zstd: 'a zstd archive',
  sevenZip: 'a 7z archive',
  rar: 'a RAR archive',
  tar: 'a tar archive',
  zip: 'a zip archive',
  emptyZip: 'a zip archive without any member',
  npy: 'a NumPy array (.npy)',
  parquet: 'a Parquet table',
  arrow: 'an Arrow table',
  lmdb: "an LMDB database's data file",
  pickle: 'a Python pickle',
  safetensors: 'a safetensors file',
  gguf: 'a GGUF model file',
  onnx: 'an ONNX model',
  caffemodel: 'weights of a Caffe network (.caffemodel)',
  tfRecord: "TensorFlow's records (TFRecord)",
  matlab: 'a MATLAB file (.mat)',
  matlab73: 'a MATLAB file (.mat, version 7.3)',
  feather: 'a Feather table of version 1',
  sqlite: 'an SQLite database',
  pdf: 'a PDF document',
  jpeg: 'a JPEG picture',
  png: 'a PNG picture',
  webp: 'a WebP picture',
  gif: 'a GIF picture',
  tiff: 'a TIFF picture',
  heic: 'a HEIC picture',
  avif: 'an AVIF picture',
  jxl: 'a JPEG XL picture',
  bmp: 'a BMP picture',
  psd: 'a Photoshop picture',
  jpeg2000: 'a JPEG 2000 picture',
  jpegXr: 'a JPEG XR picture',
  cameraRaw: 'a camera raw picture',
  icon: 'an icon (ICO)',
  netpbm: 'a Netpbm picture (PBM, PGM, PPM)',
  openExr: 'an OpenEXR picture',
  radiance: 'a Radiance HDR picture',
  dds: 'a DirectDraw picture (DDS)',
  postScript: 'a PostScript drawing',
  svg: 'an SVG drawing',
  video: 'a video',
  prototxt: 'the text of a Caffe network (prototxt), which has no weights',
  jsonArray: 'JSON text (a list)',
  jsonObject: 'JSON text (an object)',
  utf16: 'text in UTF-16 (save it as UTF-8)',
  text: 'text',
  binary: 'a binary file of no known kind',
  stream: 'a pipe or a device, whose content passes by once (write it to a file, and name that)',
} as const;

/** Kinds that are pictures, whether this program decodes them or not; drawings are none. */
export const PICTURE_KINDS: ReadonlySet<ContentKindName> = new Set([
  'jpeg',
  'png',
  'webp',
  'gif',
  'tiff',
  'heic',
  'avif',
  'jxl',
  'bmp',
  'psd',
  'jpeg2000',
  'jpegXr',
  'cameraRaw',
  'icon',
  'netpbm',
  'openExr',
  'radiance',
  'dds',
]);

/** Bytes that {@link contentKindOf} wants to see; a shorter file is judged by what it has. */
const CONTENT_HEAD_BYTES = 1024;

/** Marks at fixed places, the longer ones before those that they begin with. */
const MARKS: readonly (readonly [ContentKindName, ...(readonly [at: number, latin1: string])[]])[] = [
  ['hdf5', [0, '\x89HDF\r\n\x1a\n']],
  ['gzip', [0, '\x1f\x8b']],
  ['bzip2', [0, 'BZh']],
  ['xz', [0, '\xfd7zXZ\x00']],
  ['zstd', [0, '(\xb5/\xfd']],
  ['sevenZip', [0, '7z\xbc\xaf\x27\x1c']],
  ['rar', [0, 'Rar!']],
  ['tar', [257, 'ustar']],
  ['zip', [0, 'PK\x03\x04']],
  ['emptyZip', [0, 'PK\x05\x06']],
  ['npy', [0, '\x93NUMPY']],
  ['parquet', [0, 'PAR1']],
  ['arrow', [0, 'ARROW1']],
  // A streamed Arrow table: the mark of a message, whose first is the schema.
  ['arrow', [0, '\xff\xff\xff\xff'], [6, '\x00\x00'], [8, '\x10\x00\x00\x00']],
  // The first page's header, then the mark of LMDB's meta page in either byte order.
  ['lmdb', [16, '\xde\xc0\xef\xbe']],
  ['lmdb', [16, '\xbe\xef\xc0\xde']],
  ['gguf', [0, 'GGUF']],
  ['matlab', [0, 'MATLAB 5.0 MAT-file']],
  ['matlab73', [0, 'MATLAB 7.3 MAT-file']],
  ['feather', [0, 'FEA1']],
  ['sqlite', [0, 'SQLite format 3\x00']],
  ['pdf', [0, '%PDF-']],
  ['jpeg', [0, '\xff\xd8\xff']],
  ['png', [0, '\x89PNG\r\n\x1a\n']],
  ['webp', [0, 'RIFF'], [8, 'WEBP']],
  ['gif', [0, 'GIF8']],
  ['tiff', [0, 'II*\x00']],
  ['tiff', [0, 'MM\x00*']],
  ['avif', [4, 'ftypavi']],
  ['heic', [4, 'ftyphe']],
  ['cameraRaw', [4, 'ftypcrx ']],
  ['jxl', [0, '\x00\x00\x00\x0cJXL ']],
  ['jxl', [0, '\xff\x0a']],
  ['jpeg2000', [0, '\x00\x00\x00\x0cjP  ']],
  ['jpeg2000', [0, '\xff\x4f\xff\x51']],
  ['jpegXr', [0, 'II\xbc']],
  ['psd', [0, '8BPS']],
  ['bmp', [0, 'BM'], [6, '\x00\x00\x00\x00']],
  // Panasonic's, Olympus's, Fujifilm's, Sigma's and Minolta's own, beside those that are TIFF files.
  ['cameraRaw', [0, 'IIU\x00']],
  ['cameraRaw', [0, 'IIR']],
  ['cameraRaw', [0, 'MMOR']],
  ['cameraRaw', [0, 'FUJIFILMCCD-RAW']],
  ['cameraRaw', [0, 'FOVb']],
  ['cameraRaw', [0, '\x00MRM']],
  ['icon', [0, '\x00\x00\x01\x00'], [5, '\x00']],
  ['openExr', [0, '\x76\x2f\x31\x01']],
  ['radiance', [0, '#?RADIANCE']],
  ['dds', [0, 'DDS ']],
  ['postScript', [0, '%!PS']],
  ['postScript', [0, '\xc5\xd0\xd3\xc6']],
  ['video', [0, 'RIFF'], [8, 'AVI ']],
  ['video', [0, '\x1a\x45\xdf\xa3']],
  ['utf16', [0, '\xff\xfe']],
  ['utf16', [0, '\xfe\xff']],
];

/** What a file is that begins with `head`: 1,024 bytes of it or more, or all that there are. */
export function contentKindOf(head: Uint8Array): ContentKind {
  const kind = kindOf(Buffer.from(head.buffer, head.byteOffset, head.byteLength));
  return { kind, name: NAMES[kind] };
}

/** The same for many files, one after the other or together. */
export async function readContentKindAsync(file: string): Promise<ContentKind> {
  // Opening a pipe may wait for ever, and reading from it takes away what others should find.
  if (isStream(await stat(file))) return { kind: 'stream', name: NAMES.stream };
  const handle = await open(file, 'r');
  try {
    const head = Buffer.alloc(CONTENT_HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return contentKindOf(head.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** The content of a file on disk. @throws the system's error when it cannot be opened or read */
export function readContentKind(file: string): ContentKind {
  if (isStream(statSync(file))) return { kind: 'stream', name: NAMES.stream };
  return contentKindOf(readHead(file, CONTENT_HEAD_BYTES));
}

function isStream(stats: Stats): boolean {
  return !stats.isFile() && !stats.isDirectory();
}

function kindOf(bytes: Buffer): ContentKindName {
  const head = bytes.subarray(0, CONTENT_HEAD_BYTES);
  if (head.length === 0) return 'empty';
  const marked = MARKS.find(([, ...parts]) =>
    parts.every(([at, mark]) => head.toString('latin1', at, at + mark.length) === mark),
  );
  if (marked?.[0] === 'tiff' && isCameraRaw(bytes)) return 'cameraRaw';
  if (marked !== undefined) return marked[0];
  if (head.toString('latin1', 4, 8) === 'ftyp') return boxedMediaKind(head);
  // The length of the header in eight bytes, then the header's JSON.
  if (head.length > 8 && head[8] === 0x7b && head.readBigUInt64LE() < 2n ** 40n) return 'safetensors';
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) return 'pickle';
  if (head.every((byte) => byte === 0)) return 'zeros';
  const recorded = recordKindOf(head);
  if (recorded !== undefined) return recorded;
  if (/^P[1-6]\s+(#.*\n\s*)*\d+\s+\d+\s/.test(head.toString('latin1', 0, 256))) return 'netpbm';
  return isText(head) ? textKindOf(head) : 'binary';
}

/** Pictures and videos in boxes of ISO 14496-12: the first brand, where it is a common one, leaves it to those after it. */
function boxedMediaKind(head: Buffer): ContentKindName {
  const end = Math.min(head.length, head.readUInt32BE(0));
  const brands = head.toString('latin1', 8, end);
  if (brands.includes('avif') || brands.includes('avis')) return 'avif';
  return /^m(if|sf)1|heic|heix|hevc/.test(brands) ? 'heic' : 'video';
}

/** No control characters but those that text is laid out with. */
function isText(head: Buffer): boolean {
  return head.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

function textKindOf(head: Buffer): ContentKindName {
  const text = head
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (text.startsWith('version https://git-lfs.github.com/spec/')) return 'gitLfs';
  if (/^(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<svg[\s>]/is.test(text)) return 'svg';
  if (/^<(!doctype|html|head|body|\?xml|!--)/i.test(text)) return 'html';
  if (/^(#[^\n]*\n\s*)*(name\s*:\s*"|(layers?|input_shape)\s*\{|input\s*:\s*")/.test(text)) return 'prototxt';
  // Pickles of protocol 0 and ids of pictures are text too; JSON's first value shows within the bracket.
  if (/^\[\s*(["{[\]\-\dtfn]|$)/.test(text)) return 'jsonArray';
  if (/^\{\s*(["}]|$)/.test(text)) return 'jsonObject';
  if (/^(\(dp\d+|\(lp\d+|cnumpy|ccollections|csys)/.test(text)) return 'pickle';
  return 'text';
}
