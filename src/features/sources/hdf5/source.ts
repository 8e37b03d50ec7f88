/** @file What every source out of one HDF5 file has in common. */

import path from 'node:path';
import type { Hdf5File } from '../../../formats/hdf5/index.js';
import type { IndexedRows } from '../indexedRows.js';

export function sourceOf(
  file: Hdf5File,
  format: string,
): Pick<IndexedRows, 'name' | 'fileName' | 'numBytes' | 'format' | 'close'> {
  return {
    name: file.file,
    fileName: path.basename(file.file),
    numBytes: file.size,
    format,
    close: () => file.close(),
  };
}
