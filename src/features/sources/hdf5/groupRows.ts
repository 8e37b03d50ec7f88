/** @file HDF5 files with a group for each picture, as VL-T5 and volta write them (train2014_obj36.h5, boxes36.h5). */

import { LxmertError } from '../../../common/errors.js';
import { type Hdf5File, Hdf5Group } from '../../../formats/hdf5/index.js';
import { MAX_BOXES } from '../../row.js';
import type { LabelKind } from '../../tsvColumns.js';
import type { IndexedRows, RawRow } from '../indexedRows.js';
import {
  findDataset,
  floatsOf,
  integersOf,
  numberOf,
  requireDataset,
  type WantedDataset,
} from './members.js';
import { sourceOf } from './source.js';

const FEATURES: WantedDataset = { sides: ['n', 'd'], numbers: 'floats' };
const ONE: WantedDataset = { sides: [], numbers: 'numbers' };

/** The rows of a file whose root group holds such groups. */
export function openGroupRows(file: Hdf5File): IndexedRows {
  const ids = file.root.names();
  const groupAt = (index: number): Hdf5Group => {
    const group = file.root.get(ids[index] as string);
    return group instanceof Hdf5Group ? group : fail('it should be a group; it is a dataset.');
  };
  const labels = labelsOf(groupAt(0));
  return {
    ...sourceOf(file, 'hdf5-groups'),
    numRows: ids.length,
    labels,
    notes: ['HDF5 with a group for each picture'],
    place: (index) => `group ${ids[index]}`,
    idAt: (index) => ids[index] as string,
    numBoxesAt: (index) => numBoxesOf(groupAt(index)),
    read: (index) => readGroup(groupAt(index), ids[index] as string, labels),
  };
}

function labelsOf(group: Hdf5Group): LabelKind {
  const has = (...names: string[]) => names.every((name) => group.has(name));
  if (!has('obj_id', 'obj_conf')) return 'none';
  return has('attr_id', 'attr_conf') ? 'all' : 'objects';
}

function numBoxesOf(group: Hdf5Group): number {
  const features = group.get('features');
  const count = features === undefined || features instanceof Hdf5Group ? 0 : features.numRows;
  return count <= MAX_BOXES ? count : 0;
}

function readGroup(group: Hdf5Group, imageId: string, labels: LabelKind): RawRow {
  const features = requireDataset(group, 'features', FEATURES);
  const n = features.shape[0] as number;
  if (n < 1 || n > MAX_BOXES) fail(`features should have 1 to ${MAX_BOXES} rows; it is ${features.text}.`);
  const boxes = requireDataset(group, 'boxes', { sides: [n, 4], numbers: 'numbers' });
  const ids = (name: string) => integersOf(requireDataset(group, name, { sides: [n], numbers: 'integers' }));
  const conf = (name: string) => floatsOf(requireDataset(group, name, { sides: [n], numbers: 'floats' }));
  return {
    imageId,
    features: floatsOf(features),
    boxes: floatsOf(boxes),
    ...sizeOf(group),
    ...(labels === 'none' ? {} : { objectsId: ids('obj_id'), objectsConf: conf('obj_conf') }),
    ...(labels === 'all' ? { attrsId: ids('attr_id'), attrsConf: conf('attr_conf') } : {}),
  };
}

function sizeOf(group: Hdf5Group): { readonly height: number; readonly width: number } | undefined {
  const [height, width] = [findDataset(group, 'img_h', ONE), findDataset(group, 'img_w', ONE)];
  if (height === undefined || width === undefined) return undefined;
  return { height: numberOf(height), width: numberOf(width) };
}

function fail(problem: string): never {
  throw new LxmertError(problem);
}
