/** @file Exported folders as `--model`: told apart before anything of libtorch is used, and loaded without it. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../common/errors.js';
import { type LoadOptions, MANIFEST_FILE } from '../../runtime/node.js';
import { loadEnsemble, type RuntimeEnsemble } from '../../runtime/together/index.js';

/** Whether `lxmert export onnx` wrote it. */
export function isExported(model: string): boolean {
  return existsSync(path.join(model, MANIFEST_FILE));
}

/** @throws UsageError for what is of an exported folder and is none, with the way out: libtorch reads none of it */
function refusePartsOfExports(model: string): void {
  const [file = model] = model.split('#', 1);
  if (file !== model && !existsSync(model) && isExported(file)) {
    throw new UsageError(
      `'${model}' names a part of an exported model, which has no parts to name. Say --model ${file}`,
    );
  }
  if (/\.(onnx|onnx_data|json|txt)$/.test(model) && statSync(model, { throwIfNoEntry: false })?.isFile()) {
    const folder = [path.dirname(model), path.dirname(path.dirname(model))].find(isExported);
    if (folder !== undefined) {
      throw new UsageError(
        `'${model}' is one file of an exported model, which is named by its folder. Say --model ${folder}`,
      );
    }
    if (/\.onnx(_data)?$/.test(model)) {
      throw new UsageError(
        `'${model}' is an ONNX graph without the ${MANIFEST_FILE} of an exported model, which says how to ask it. Name a folder that lxmert export onnx wrote.`,
      );
    }
  }
  if (!isFolder(model)) return;
  const isOnlyOnnx =
    hasFile(path.join(model, 'onnx'), /\.onnx$/) && !hasFile(model, /\.(safetensors|bin|pth)$/);
  if (isOnlyOnnx && !isExported(model)) {
    throw new UsageError(
      `'${model}' has ONNX graphs, but no ${MANIFEST_FILE}, which says how to ask them: it was not copied whole, or another program wrote it. Copy it again, or name a folder that lxmert export onnx wrote.`,
    );
  }
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function hasFile(folder: string, name: RegExp): boolean {
  return isFolder(folder) && readdirSync(folder).some((entry) => name.test(entry));
}

/** Whether a command's models are exported folders. @throws UsageError where some are and some are not, and for parts of some */
export function areExported(models: readonly string[]): boolean {
  models.forEach(refusePartsOfExports);
  const exported = models.filter(isExported);
  if (exported.length === 0) return false;
  const other = models.find((model) => !isExported(model));
  if (other === undefined) return true;
  throw new UsageError(
    `${exported[0]} is an exported model and ${other} is not: they cannot answer together. Name exported models alone, or what they were exported from.`,
  );
}

/** Flags that say what an exported folder says itself, or how libtorch computes. */
export interface LibtorchFlags {
  readonly weights?: 'BEST' | 'LAST' | undefined;
  readonly vocab?: string | undefined;
  readonly answers?: string | undefined;
  readonly attentionHeads?: number | undefined;
  readonly modelConfig?: string | undefined;
  readonly precision?: string | undefined;
  readonly device?: string | undefined;
  readonly tf32?: boolean | undefined;
  readonly detectorPrecision?: 'float32' | 'bfloat16' | 'float16' | undefined;
  readonly objectNames?: string | undefined;
  readonly attributeNames?: string | undefined;
}

/** @throws UsageError for the first flag that does not go with an exported folder, with the reason */
function refuseLibtorchFlags(flags: LibtorchFlags): void {
  const ofFolder = 'the folder has its own';
  const ofDetector = 'the folder of an exported detector has its own';
  const given: readonly (readonly [flag: string, isGiven: boolean, reason: string])[] = [
    ['--weights LAST', flags.weights === 'LAST', 'it has the weights that were exported'],
    ['--vocab', flags.vocab !== undefined, ofFolder],
    ['--answers', flags.answers !== undefined, ofFolder],
    ['--attention-heads', flags.attentionHeads !== undefined, ofFolder],
    ['--model-config', flags.modelConfig !== undefined, ofFolder],
    [
      '--precision',
      (flags.precision ?? 'float32') !== 'float32',
      'it computes in the format that it was exported in, of several in float32, else int8, else float16',
    ],
    ['--device', !['auto', 'cpu', undefined].includes(flags.device), 'it computes on the processor'],
    ['--tf32', flags.tf32 === true, 'it computes on the processor'],
    [
      '--detector-precision bfloat16',
      flags.detectorPrecision === 'bfloat16',
      'an exported detector has weights in float32 or float16',
    ],
    ['--object-names', flags.objectNames !== undefined, ofDetector],
    ['--attribute-names', flags.attributeNames !== undefined, ofDetector],
  ];
  const [flag, , reason] = given.find(([, isGiven]) => isGiven) ?? [];
  if (flag !== undefined)
    throw new UsageError(`${flag} does not go with an exported model: ${reason}. Leave it out.`);
}

/** What is handed on to the runtime. */
export type ExportedOptions = LibtorchFlags &
  Pick<LoadOptions, 'detector' | 'profile' | 'minBoxes' | 'maxBoxes' | 'allowOtherFeatures'>;

/** @throws UsageError for flags, and detectors, that do not go with an exported model */
export function exportedLoadOptions(flags: ExportedOptions): LoadOptions {
  refuseLibtorchFlags(flags);
  const { detector, profile, minBoxes, maxBoxes, allowOtherFeatures } = flags;
  if (detector !== undefined && !isExported(detector)) {
    throw new UsageError(
      `${detector} are weights for libtorch, and an exported model finds regions with an exported detector. Export it: lxmert export onnx ${detector} --out FOLDER`,
    );
  }
  // float32 is what the flag says when nobody gave it: then the folder's best is taken.
  const detectorPrecision = flags.detectorPrecision === 'float16' ? 'float16' : undefined;
  return { detector, profile, minBoxes, maxBoxes, detectorPrecision, allowOtherFeatures };
}

/** @throws UsageError for an exported detector beside a model that is for libtorch */
export function refuseExportedDetector(detector: string | undefined): void {
  if (detector === undefined || !isExported(detector)) return;
  throw new UsageError(
    `${detector} is an exported detector, which goes with exported models; name the weights that it was exported from.`,
  );
}

/** Loads exported folders to answer together. @throws as `Lxmert.load` of `lxmert/runtime`, and as {@link refuseLibtorchFlags} */
export async function loadExported(
  folders: readonly string[],
  flags: ExportedOptions,
): Promise<RuntimeEnsemble> {
  return await loadEnsemble(folders, exportedLoadOptions(flags));
}
