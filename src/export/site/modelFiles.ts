/** @file What a page needs of an exported folder: the manifest, cut to what is taken along, and each file that it names, checked. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { withAtomicFile } from '../../common/atomicFile.js';
import { hasErrorCode, LxmertError, UsageError } from '../../common/errors.js';
import {
  bytesOf,
  chooseWeights,
  missingFile,
  requireChecksum,
  requireSize,
} from '../../runtime/exportedFiles.js';
import {
  MANIFEST_FILE,
  type Manifest,
  type ManifestWeights,
  type ModelManifest,
  parseManifest,
  type WeightsPrecision,
} from '../../runtime/index.js';

/** Bytes copied at once. */
const CHUNK_BYTES = 1 << 20;

/** @throws UsageError when there is no exported folder, LxmertError for a manifest that is damaged */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, MANIFEST_FILE);
  try {
    return parseManifest(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if (!hasErrorCode(cause, 'ENOENT') && !hasErrorCode(cause, 'ENOTDIR')) throw cause;
    throw new UsageError(
      `${folder} is no exported folder: it has no ${MANIFEST_FILE}. Make one with lxmert export onnx.`,
      { cause },
    );
  }
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
