/** @file What a page needs of an exported folder: the manifest, cut to what is taken along, and each file that it names, checked. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { withAtomicFile } from '../../common/atomicFile.js';
import { hasErrorCode, LxmertError, UsageError } from '../../common/errors.js';
import {
  bytesOf,
  chooseWeights,
  localFolder,
  missingFile,
  readManifest,
  requireChecksum,
  requireSize,
} from '../../runtime/exportedFiles.js';
import type { Manifest, ManifestWeights, ModelManifest, WeightsPrecision } from '../../runtime/index.js';

/** Bytes copied at once. */
const CHUNK_BYTES = 1 << 20;

/** @throws UsageError that says what the folder is when it is no exported one, LxmertError for a manifest that is damaged */
export async function readFolderManifest(folder: string): Promise<Manifest> {
  return await readManifest(await localFolder(folder));
}

/**
 * The manifest with the weights of some precisions and the files that a page reads.
 *
 * @param precisions all that are there when none is named
 * @throws LxmertError when one is not there
 */
export function cutManifest(
  manifest: ModelManifest,
  precisions: readonly WeightsPrecision[],
  folder: string,
): ModelManifest {
  const weights =
    precisions.length === 0
      ? manifest.weights
      : [...new Set(precisions)].map((each) => chooseWeights(manifest, each, folder));
  const { text, heads, regions } = manifest;
  const read = [
    text.vocabulary,
    heads.answers?.table,
    regions.objects,
    regions.attributes,
    ...weights.flatMap(filesOf),
  ].filter((file) => typeof file === 'string');
  const files = Object.fromEntries(read.map((file) => [file, manifest.files[file]] as const));
  return { ...manifest, weights, files: files as ModelManifest['files'] };
}

/** Sizes of the weights with their external data, the smallest first. */
export function sizesOf({
  weights,
  files,
}: ModelManifest): { precision: WeightsPrecision; numBytes: number }[] {
  return weights
    .map((entry) => ({
      precision: entry.precision,
      numBytes: bytesOf({ files }, entry),
    }))
    .sort((a, b) => a.numBytes - b.numBytes);
}

function filesOf({ file, externalData }: ManifestWeights): string[] {
  return externalData === null ? [file] : [file, externalData];
}

/**
 * Copies a file of the folder, however large.
 *
 * @throws LxmertError when it is missing, cut or changed; then nothing is left at the target
 */
export async function copyChecked(
  folder: string,
  file: string,
  expected: Manifest['files'][string],
  target: string,
): Promise<void> {
  const name = path.join(folder, file);
  const facts = await stat(name).catch((cause: unknown) => {
    if (hasErrorCode(cause, 'ENOENT')) throw missingFile(name);
    throw cause;
  });
  requireSize(name, facts.size, expected);
  await withAtomicFile(target, async ({ handle }) => {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(name, { highWaterMark: CHUNK_BYTES })) {
      hash.update(chunk as Buffer);
      await handle.writeFile(chunk as Buffer);
    }
    requireChecksum(name, hash.digest('hex'), expected);
  });
}

/** @throws LxmertError for models that a page cannot ask one question about one picture */
export function requireAnswering(manifest: Manifest, folder: string): asserts manifest is ModelManifest {
  if (manifest.kind !== 'model') {
    throw new UsageError(`${folder} holds a detector. Give it with --detector, and a model with --model.`);
  }
  if (manifest.imagesPerExample !== 1) {
    throw new LxmertError(
      `${folder} reads pairs of pictures, and the page shows one. Export a model of vqa, gqa, vizwiz or custom.`,
    );
  }
  if (manifest.heads.answers === null) {
    throw new LxmertError(
      `${folder} has no answers, so its page would have nothing to say. Export a model with an answer head.`,
    );
  }
}
