/** @file Kinds of files of region features that makeFiles.py writes, and how each is opened and given to a command. */

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { openArchivedTable, openRowSource, type RowSource, sourceKindOf } from '../../src/features/files.js';
import { openTable } from '../../src/features/sources/tableSource.js';
import { asByteSource } from '../../src/formats/lines/byteSource.js';
import { checkoutFile } from '../reliability/mutations/kit.js';

/** A kind by its name in makeFiles.py; the ending decides whether it is packed. */
export interface FileKind {
  readonly maker: string;
  readonly name: string;
  readonly ending: string;
}

const kind = (maker: string, name: string, ending = ''): FileKind => ({ maker, name, ending });

/** By the words that `--kind` takes. */
export const FEATURE_KINDS: Readonly<Record<string, FileKind>> = {
  'hdf5-groups': kind('hdf5_groups', 'HDF5, a group for each picture', '.h5'),
  'hdf5-arrays': kind('hdf5_arrays', 'HDF5, arrays', '.hdf5'),
  'hdf5-adaptive': kind('hdf5_adaptive', 'HDF5, arrays, 10 to 36 boxes', '.hdf5'),
  'hdf5-chunks': kind('hdf5_chunks', 'HDF5, arrays in chunks with shuffle and deflate', '.hdf5'),
  'hdf5-gqa': kind('hdf5_gqa', "HDF5, GQA's own"),
  'hdf5-names': kind('hdf5_names', 'HDF5, names by picture', '.hdf5'),
  'lmdb-mmf': kind('lmdb_mmf', "LMDB, mmf's pickles"),
  'lmdb-uniter': kind('lmdb_uniter', "LMDB, UNITER's MessagePack in float16"),
  npz: kind('npz', '`.npz`, not compressed'),
  'npz-compressed': kind('npz_compressed', '`.npz` of MILVLG, compressed'),
  npy: kind('npy', '`.npy` with `_info.npy`'),
  vinvl: kind('vinvl_vectors', 'TSV of VinVL, vectors', '.tsv'),
  'vinvl-objects': kind('vinvl_objects', 'TSV of VinVL, objects in JSON', '.tsv'),
  'vinvl-gz': kind('vinvl_vectors', 'TSV of VinVL, gzip', '.tsv.gz'),
  pt: kind('torch_vectors', 'dictionary of tensors', '.pt'),
  arrow: kind('arrow', 'Arrow, batches of 100 pictures', '.arrow'),
  'arrow-lz4': kind('feather', 'Feather, LZ4, one batch', '.lz4.feather'),
  'arrow-zstd': kind('feather', 'Feather, Zstandard, one batch', '.zstd.feather'),
  'npz-tar': kind('npz_tar', '`.npz` in a tar archive, gzip', '.tar.gz'),
  tsv: kind('tsv', 'TSV of obj36', '.tsv'),
  'tsv-gz': kind('tsv', 'TSV of obj36, gzip', '.tsv.gz'),
};

/** Writes one file or folder in `folder`. @throws Error with what Python says */
export function makeFile(
  python: string,
  { maker, ending }: FileKind,
  numRows: number,
  folder: string,
): string {
  const target = path.join(folder, `predictions${ending}`);
  const words = [checkoutFile('bench/formats/makeFiles.py'), maker, String(numRows), target];
  const { status, stderr, error } = spawnSync(python, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${python} ${words.join(' ')} failed: ${error?.message ?? stderr}`);
  return target;
}

/** Any file of features that is no store. @throws Error for anything else */
export async function openAny(file: string): Promise<RowSource> {
  const source = await openRowSource(file);
  if (source !== undefined) return source;
  const content = statSync(file).isFile() ? sourceKindOf(file) : undefined;
  if (content === 'text') return await openTable(asByteSource(file), {}, undefined);
  if (content !== 'zip' && content !== 'gzip' && content !== 'tar')
    throw new Error(`${file} is a store, or nothing that is read`);
  const opened = await openArchivedTable(file, content);
  return 'rows' in opened
    ? opened
    : { ...(await openTable(opened, {}, undefined)), close: () => opened.close() };
}
