/** @file HDF5 files of region features, told from each other by the names in them. */

import { LxmertError, UsageError } from '../../../common/errors.js';
import { type Hdf5File, Hdf5Group, openHdf5 } from '../../../formats/hdf5/index.js';
import type { FeatureFormat } from '../featureFormat.js';
import type { IndexedRows, StatedSource } from '../indexedRows.js';
import { openIndexed } from '../indexedSource.js';
import { openButdRows } from './butdRows.js';
import { isFlat, openFlatRows, openListedRows } from './flatRows.js';
import { isGqaFolder, openGqaRows } from './gqaRows.js';
import { openGroupRows } from './groupRows.js';

export const hdf5Format: FeatureFormat = {
  name: 'HDF5 files',
  recognises: ({ path, kind }) => kind === 'hdf5' || (kind === 'folder' && isGqaFolder(path)),
  open: async (path, stated) => await openIndexed(openRows(path, stated), stated),
};

function openRows(path: string, stated: StatedSource): IndexedRows {
  if (isGqaFolder(path)) return openGqaRows(path);
  const file = openHdf5(path);
  try {
    const rows = chooseRows(file, stated);
    if (rows === undefined) throw new UsageError(`${path} ${describeOther(file)}`);
    return rows;
  } catch (error) {
    file.close();
    if (!(error instanceof LxmertError) || error instanceof UsageError || error.message.includes(path))
      throw error;
    throw new LxmertError(`${path}: ${error.message}`, { cause: error });
  }
}

function chooseRows(file: Hdf5File, { rowIds }: StatedSource): IndexedRows | undefined {
  const { root } = file;
  const has = (...names: string[]) => names.every((name) => root.has(name));
  if (has('image_features')) return openButdRows(file, rowIds);
  if (has('features', 'bboxes')) {
    file.close();
    return openGqaRows(file.file);
  }
  if (has('features') && (has('image_ids') || has('image_id'))) return openListedRows(file);
  if (isFlat(file)) return openFlatRows(file);
  const first = root.get(root.names()[0] ?? '');
  return first instanceof Hdf5Group && first.has('features') ? openGroupRows(file) : undefined;
}

/** Members that a sentence names. */
const NUM_NAMED = 6;

function describeOther({ root }: Hdf5File): string {
  const names = root.names();
  const members = names.slice(0, NUM_NAMED).map((name) => {
    const member = root.get(name);
    if (!(member instanceof Hdf5Group)) return `${name} (${member?.text ?? 'nothing'})`;
    return `${name} (a group of ${member.names().slice(0, NUM_NAMED).join(', ')})`;
  });
  const list = members.length === 0 ? 'nothing' : members.join('; ');
  return (
    `is an HDF5 file, but not one of region features that is read here. It holds ${list}${names.length > NUM_NAMED ? '; ...' : ''}. ` +
    'Read are: a group for each picture with features and boxes; image_features with image_bb or spatial_features; ' +
    "GQA's features and bboxes; features and boxes with image_ids; ID_features and ID_boxes."
  );
}
