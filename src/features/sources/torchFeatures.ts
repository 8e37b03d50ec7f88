/** @file Oscar's features of VQA, GQA and NLVR2 (`train_img_frcnn_feats.pt`): a dictionary of one tensor a picture. */

import path from 'node:path';
import { isLegacyFile, openTensorDictionary } from '../../checkpoint/read/index.js';
import { LxmertError, UsageError } from '../../common/errors.js';
import { floatsOf } from '../../formats/numberArray.js';
import { firstZipMember } from '../../formats/zip/firstMember.js';
import type { FeatureFormat } from './featureFormat.js';
import type { StatedSource } from './indexedRows.js';
import { openIndexed } from './indexedSource.js';
import type { RowSource } from './rowSource.js';
import { splitVectors, VINVL_NOTES, vinvlDetector } from './vinvlVectors.js';

export const torchFeatures: FeatureFormat = {
  name: "Oscar's and VinVL's dictionaries of tensors (.pt)",
  recognises: ({ path: given, kind }) =>
    (kind === 'zip' && /(^|\/)data\.pkl$/.test(firstZipMember(given) ?? '')) ||
    (kind === 'pickle' && isLegacyFile(given)),
  open: openTensors,
};

/** Whether tensors have vectors of one length but for damaged ones: a model's weights differ in theirs. */
function areVectors(entries: readonly { readonly shape: readonly number[] }[]): boolean {
  const width = entries[0]?.shape[1];
  const numOthers = entries.filter(({ shape }) => shape.length !== 2 || shape[1] !== width).length;
  return width !== undefined && 10 * numOthers <= entries.length;
}

async function openTensors(file: string, stated: StatedSource): Promise<RowSource> {
  const tensors = await openTensorDictionary(file);
  const first = tensors?.entries[0];
  if (tensors === undefined || first === undefined || !areVectors(tensors.entries)) {
    tensors?.[Symbol.dispose]();
    throw new UsageError(
      `${file} is a PyTorch file, not region features as a dictionary of one tensor (boxes, numbers) a picture. For weights: lxmert checkpoint info.`,
    );
  }
  const { entries } = tensors;
  const nameAt = (index: number) => entries[index]?.name ?? '';
  const detector = vinvlDetector((first.shape[1] as number) - 6);
  return await openIndexed(
    {
      name: file,
      fileName: path.basename(file),
      numBytes: tensors.numBytes,
      format: 'torch-vectors',
      numRows: entries.length,
      labels: 'none',
      boxForm: { format: 'xyxy', unit: 'share' },
      notes: VINVL_NOTES,
      ...(detector === undefined ? {} : { detector }),
      place: (index) => `tensor ${nameAt(index)}`,
      idAt: nameAt,
      numBoxesAt: (index) => entries[index]?.shape[0] ?? 0,
      read(index) {
        const array = tensors.read(index);
        const [numBoxes = 0] = array.shape;
        if (array.shape.length !== 2) throw new LxmertError(`its shape is (${array.shape.join(', ')}).`);
        return { imageId: nameAt(index), ...splitVectors(floatsOf(array), numBoxes) };
      },
      close: () => tensors[Symbol.dispose](),
    },
    stated,
  );
}
