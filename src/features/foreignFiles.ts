/** @file What somebody gave as region features that is none, called by its content, with the way on. */

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type ContentKindName, PICTURE_KINDS, readContentKind } from '../formats/contentKind.js';
import { readHead } from '../formats/fileHead.js';
import { firstZipMember } from '../formats/zip/firstMember.js';

/** What {@link sourceKindOf} tells of a file that holds region features. */
export type FeatureSource = 'store' | 'text' | 'zip' | 'gzip' | 'tar';

const SOURCES: Partial<Record<ContentKindName, FeatureSource>> = {
  safetensors: 'store',
  text: 'text',
  zip: 'zip',
  gzip: 'gzip',
  tar: 'tar',
};

/** How a file of features is to be read, by its content, whatever its name; undefined for one that is not read here. */
export function sourceKindOf(file: string): FeatureSource | undefined {
  return SOURCES[readContentKind(file).kind];
}

/**
 * Sentences about a file that is no feature store: what it is, and the way on.
 *
 * @param file a file that can be read
 */
export function describeForeignFile(file: string): string {
  const { kind, name } = readContentKind(file);
  const unpack = UNPACK[kind];
  if (unpack !== undefined)
    return `${file} is ${name}, which is not read here. Unpack it first (${unpack(file)}), then: lxmert features convert UNPACKED FOLDER`;
  if (kind === 'feather')
    return `${file} is ${name}, and those of version 2 are read. Python makes one of it: from pyarrow import feather; feather.write_feather(feather.read_table("OLD"), "NEW")`;
  if (OTHER_FORMATS.has(kind)) return `${file} is ${name}, which is not read here. ${OTHER_WAYS}`;
  if (PICTURE_KINDS.has(kind))
    return `${file} is ${name}, not region features. They are made of pictures with: lxmert extract`;
  if (BROKEN.has(kind)) return `${file} is ${name}. Fetch or copy it again.`;
  if (CONVERTED.has(kind)) return `${file} is ${name}, not a feature store. ${convertIt(file)}`;
  if (kind === 'npy')
    return `${file} is ${name}, which is read together with the boxes in a file of the same name with _info before its ending (mmf). ${OTHER_WAYS}`;
  if (kind === 'zip' && /\.npy$/.test(firstZipMember(file) ?? ''))
    return `${file} is a NumPy archive (.npz), not a feature store. ${convertIt(file)}`;
  if (kind === 'zip' && /(^|\/)data\.pkl$/.test(firstZipMember(file) ?? ''))
    return `${file} is a PyTorch file, not region features. For weights: lxmert checkpoint info. ${OTHER_WAYS}`;
  if (kind === 'zip' || kind === 'gzip' || kind === 'tar')
    return `${file} is ${name}, not a feature store. If it holds a TSV file${kind === 'zip' ? '' : ', or in a tar archive .npz files'}, make a store of it first: lxmert features convert ${file} FOLDER`;
  if (WEIGHTS.has(kind))
    return `${file} is ${name}, not region features. What such files hold is told by: lxmert checkpoint info ${file}`;
  if (kind === 'safetensors')
    return isShard(file)
      ? `${file} is a shard of a feature store under another name; the shards of a folder are called shard-00000.safetensors and so on, in their order.`
      : `${file} is ${name}, not region features. For weights: lxmert checkpoint info. ${WHAT_IS_READ}`;
  if (kind === 'text' && isTable(file))
    return `${file} is a TSV file; make a store of it first: lxmert features convert ${file} FOLDER`;
  return `${file} is ${name}, not region features. ${WHAT_IS_READ}`;
}

const WHAT_IS_READ =
  'Read are feature stores, and by lxmert features convert the files that docs/reference/feature-formats.md lists: TSV (also in ' +
  '.zip, .gz and .tar), HDF5, NumPy, LMDB, PyTorch and Arrow files of region features.';

const OTHER_WAYS = `${WHAT_IS_READ} The same page has a short Python script that makes a store of any other.`;

const OTHER_FORMATS: ReadonlySet<ContentKindName> = new Set([
  'parquet',
  'pickle',
  'sqlite',
  'matlab',
  'matlab73',
  'tfRecord',
]);

/** Kinds of files that hold region features in some forms. */
const CONVERTED: ReadonlySet<ContentKindName> = new Set(['hdf5', 'lmdb', 'arrow']);

function convertIt(file: string): string {
  return `If it holds region features, make a store of it first: lxmert features convert ${file} FOLDER`;
}

/** Kinds of files of models. */
const WEIGHTS: ReadonlySet<ContentKindName> = new Set(['caffemodel', 'onnx', 'gguf']);

const BROKEN: ReadonlySet<ContentKindName> = new Set(['empty', 'zeros', 'gitLfs', 'html', 'emptyZip']);

const UNPACK: Partial<Record<ContentKindName, (file: string) => string>> = {
  bzip2: (file) => `bunzip2 --keep ${file}`,
  xz: (file) => `unxz --keep ${file}`,
  zstd: (file) => `unzstd ${file}`,
  sevenZip: (file) => `7z x ${file}`,
  rar: (file) => `unrar x ${file}`,
};

/** The command line that unpacks an archive of a kind that is read nowhere here; undefined for any other file. */
export function unpackingOf(file: string): string | undefined {
  return UNPACK[readContentKind(file).kind]?.(file);
}

/** Sentences about a folder without shards: what lies in it instead. */
export function describeForeignFolder(folder: string): string {
  const entries = readdirSync(folder, { withFileTypes: true });
  const nothing = `${folder} holds no feature shards (shard-00000.safetensors and so on)`;
  const stores = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(folder, name))
    .filter((inner) => existsSync(path.join(inner, 'shard-00000.safetensors')))
    .sort();
  if (stores.length > 0)
    return `${nothing}, but ${stores.length === 1 ? 'a folder that does' : 'folders that do'}: name ${stores.slice(0, NUM_NAMED).join(', ')}${stores.length > NUM_NAMED ? ', ...' : ''}.`;
  const [first] = entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => path.join(folder, name))
    .sort();
  return first === undefined ? `${nothing}.` : `${nothing} but other files. ${describeForeignFile(first)}`;
}

/** Folders in a sentence. */
const NUM_NAMED = 5;

/** Whether a safetensors file says that it is a shard; its metadata come first in its header as they are written here. */
function isShard(file: string): boolean {
  return readHead(file, HEAD_BYTES).toString('latin1').includes('"lxmert-features"');
}

/** Whether the first line is divided as rows of features are. */
function isTable(file: string): boolean {
  const [line] = readHead(file, HEAD_BYTES).toString('latin1').split('\n', 1) as [string];
  return line.split('\t').length > 2 || [',', ';', '|'].some((delimiter) => line.split(delimiter).length > 5);
}

const HEAD_BYTES = 4096;
