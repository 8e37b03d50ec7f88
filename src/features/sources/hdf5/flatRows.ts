/** @file HDF5 files of captioning and dialogue: datasets named by picture (meshed memory), or arrays beside a list of ids (VisDial). */

import { LxmertError } from '../../../common/errors.js';
import type { Hdf5File } from '../../../formats/hdf5/index.js';
import { MAX_BOXES } from '../../row.js';
import type { IndexedRows } from '../indexedRows.js';
import { floatsOf, integersOf, requireDataset } from './members.js';
import { sourceOf } from './source.js';

const FEATURES = '_features';

/** Whether a name and its sibling are there as in meshed memory's coco_detections.hdf5. */
export function isFlat({ root }: Hdf5File): boolean {
  const name = root.names().find((each) => each.endsWith(FEATURES));
  return name !== undefined && root.has(`${name.slice(0, -FEATURES.length)}_boxes`);
}

/** `ID_features` (n, d) and `ID_boxes` (n, 4) for each picture. */
export function openFlatRows(file: Hdf5File): IndexedRows {
  const { root } = file;
  const ids = root
    .names()
    .filter((name) => name.endsWith(FEATURES))
    .map((name) => name.slice(0, -FEATURES.length));
  return {
    ...sourceOf(file, 'hdf5-flat'),
    numRows: ids.length,
    labels: 'none',
    notes: ['HDF5 with datasets named by picture (ID_features, ID_boxes)'],
    place: (index) => `${ids[index]}${FEATURES}`,
    idAt: (index) => ids[index] as string,
    read(index) {
      const imageId = ids[index] as string;
      const features = requireDataset(root, `${imageId}${FEATURES}`, {
        sides: ['n', 'd'],
        numbers: 'floats',
      });
      const n = features.shape[0] as number;
      if (n < 1 || n > MAX_BOXES)
        throw new LxmertError(`it should have 1 to ${MAX_BOXES} boxes; it is ${features.text}.`);
      const boxes = requireDataset(root, `${imageId}_boxes`, { sides: [n, 4], numbers: 'numbers' });
      return { imageId, features: floatsOf(features), boxes: floatsOf(boxes) };
    },
  };
}

/** `image_ids` (N), `features` (N, n, d) and `boxes` (N, n, 4). */
export function openListedRows(file: Hdf5File): IndexedRows {
  const { root } = file;
  const idsName = root.has('image_ids') ? 'image_ids' : 'image_id';
  const features = requireDataset(root, 'features', { sides: ['N', 'n', 'd'], numbers: 'floats' });
  const [numRows, numBoxes] = features.shape as [number, number];
  if (!root.has('boxes'))
    throw new LxmertError(
      'there are features without boxes, and the model needs to know where each region lies.',
    );
  const boxes = requireDataset(root, 'boxes', { sides: [numRows, numBoxes, 4], numbers: 'numbers' });
  const ids = integersOf(requireDataset(root, idsName, { sides: [numRows], numbers: 'numbers' }));
  return {
    ...sourceOf(file, 'hdf5-listed'),
    numRows,
    labels: 'none',
    notes: [`HDF5 with arrays beside ${idsName}`],
    place: (index) => `row ${index}`,
    idAt: (index) => String(ids[index]),
    numBoxesAt: () => numBoxes,
    read: (index) => ({
      imageId: String(ids[index]),
      features: floatsOf(features, index, 1),
      boxes: floatsOf(boxes, index, 1),
    }),
  };
}
