/** @file The region detector as a folder that finds regions without libtorch: two graphs, names of labels, manifest. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../common/errors.js';
import type { Progress } from '../common/progress.js';
import { LABEL_FILES } from '../common/savedFiles.js';
import { version } from '../common/version.js';
import { sha256OfFile } from '../formats/hashes/sha256.js';
import { type WrittenFile, weightsBytes, writeModel } from '../onnx/index.js';
import {
  type DetectorFields,
  type DetectorManifest,
  detectorFieldsOf,
  type ExportedDetectorPrecision,
  MANIFEST_FILE,
  MANIFEST_FORMAT,
  MANIFEST_VERSION,
} from '../runtime/index.js';
import {
  BOTTOM_UP_ATTENTION,
  type DetectorArchitecture,
  detectorFeatureSize,
} from '../vision/detector/index.js';
import { labelFilesOf, loadLabelNames } from '../vision/detector/labelFiles.js';
import { type LoadedDetector, loadDetector } from '../vision/detector/weights.js';
import { detectorRules } from '../vision/detector/weightsFamily.js';
import { backboneGraph, type DetectorSource, regionHeadGraph } from './detectorGraphs.js';
import { ExportFolder } from './exportFolder.js';
import { requireHalf } from './halfRange.js';

export interface ExportDetectorOptions {
  /** A .caffemodel, a port's .pkl or .bin, or a file converted from one. */
  readonly detector: string;
  /** The folder to write, or one that an earlier export of the same detector wrote. */
  readonly out: string;
  readonly precision: ExportedDetectorPrecision;
  /** Files of names. Default: those of the published names beside the weights, where they are. */
  readonly objectNames?: string | undefined;
  readonly attributeNames?: string | undefined;
  readonly architecture?: DetectorArchitecture;
  /** Told of bytes. */
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportedDetectorFolder {
  readonly folder: string;
  readonly precision: ExportedDetectorPrecision;
  readonly backbone: WrittenFile;
  readonly regionHead: WrittenFile;
  readonly manifest: DetectorManifest;
}

type Weights = DetectorFields['weights'][number];

const GRAPH_FILES: Record<ExportedDetectorPrecision, Omit<Weights, 'precision'>> = {
  float32: { backbone: 'onnx/backbone.onnx', regionHead: 'onnx/region_head.onnx' },
  float16: { backbone: 'onnx/backbone_fp16.onnx', regionHead: 'onnx/region_head_fp16.onnx' },
};

/**
 * @throws UsageError for a folder with something else, or with files that no export wrote; CheckpointError when the weights
 * are damaged or not a whole detector; LxmertError for weights that float16 cannot hold; what `signal` was aborted with
 */
export async function exportDetector(options: ExportDetectorOptions): Promise<ExportedDetectorFolder> {
  const { architecture = BOTTOM_UP_ATTENTION, detector, out, precision } = options;
  const folder = await ExportFolder.open(out);
  const texts = await labelTexts(options, architecture);
  const loaded = await loadDetector(detector, { architecture, withBoxPredictor: 'ifUsed' });
  const { weights, report } = loaded;
  try {
    const facts = await factsOf(loaded, options, Object.keys(texts));
    const others = requireSameDetector(folder, facts).filter((each) => each.precision !== precision);
    if (precision === 'float16') requireHalf(detector, Object.entries(weights));
    const source = { architecture, rules: detectorRules(report.family), weights, precision };
    return await writeFolder(folder, { source, texts, facts, others }, options);
  } finally {
    for (const tensor of Object.values(weights)) tensor.dispose();
  }
}

interface FolderContents {
  readonly source: DetectorSource;
  readonly texts: Readonly<Record<string, string>>;
  readonly facts: Omit<DetectorFields, 'weights'>;
  /** What the folder has in other precisions. */
  readonly others: readonly Weights[];
}

async function writeFolder(
  folder: ExportFolder,
  { source, texts, facts, others }: FolderContents,
  { precision, progress, signal }: ExportDetectorOptions,
): Promise<ExportedDetectorFolder> {
  const files = GRAPH_FILES[precision];
  await folder.requireFree(texts, Object.values(files));
  const graphs = { backbone: backboneGraph(source), regionHead: regionHeadGraph(source) };
  const totalBytes = weightsBytes(graphs.backbone) + weightsBytes(graphs.regionHead);
  let before = 0;
  const write = async (part: keyof typeof graphs): Promise<WrittenFile> => {
    const { model } = await writeModel(folder.fileOf(files[part]), graphs[part], {
      producer: { name: 'lxmert', version: version() },
      signal,
      progress: { update: (done) => progress?.update(before + done, totalBytes) },
    });
    folder.record(files[part], model);
    before += model.numBytes;
    return model;
  };
  try {
    for (const [name, text] of Object.entries(texts)) await folder.write(name, text);
    for (const name of Object.values(files)) folder.announce(name);
    const written = { backbone: await write('backbone'), regionHead: await write('regionHead') };
    signal?.throwIfAborted();
    const manifest = await folder.finish<DetectorManifest>(
      {
        format: MANIFEST_FORMAT,
        version: MANIFEST_VERSION,
        createdBy: `lxmert ${version()}`,
        kind: 'detector',
        description: null,
        detector: { ...facts, weights: [...others, { precision, ...files }] },
      },
      others.flatMap(({ backbone, regionHead }) => [backbone, regionHead]),
    );
    return { folder: folder.path, precision, ...written, manifest };
  } catch (error) {
    await folder.takeBack();
    throw error;
  }
}

/** Everything of the manifest's detector but its files of weights. */
async function factsOf(
  { report }: LoadedDetector,
  { detector, architecture = BOTTOM_UP_ATTENTION }: ExportDetectorOptions,
  names: readonly string[],
): Promise<Omit<DetectorFields, 'weights'>> {
  const { anchors, numClasses, numAttributes } = architecture;
  const has = (name: string): string | null => (names.includes(name) ? name : null);
  return {
    family: report.family,
    weightsSha256: report.originSha256 ?? (await sha256OfFile(detector)),
    anchors: { stride: anchors.stride, ratios: [...anchors.ratios], scales: [...anchors.scales] },
    featureSize: detectorFeatureSize(architecture),
    numClasses,
    numAttributes,
    objects: has(LABEL_FILES.objects),
    attributes: has(LABEL_FILES.attributes),
  };
}

/**
 * What the folder has already.
 *
 * @throws UsageError when it is not the same detector's
 */
function requireSameDetector(
  { manifest, path: folder }: ExportFolder,
  { weightsSha256 }: Pick<DetectorFields, 'weightsSha256'>,
): readonly Weights[] {
  if (manifest === undefined) return [];
  const wayOut = 'Name another folder with --out.';
  if (manifest.kind !== 'detector') throw new UsageError(`'${folder}' holds an exported model. ${wayOut}`);
  const before = detectorFieldsOf(manifest, path.join(folder, MANIFEST_FILE));
  if (before.weightsSha256 === weightsSha256) return before.weights;
  throw new UsageError(`'${folder}' holds the export of another detector's weights. ${wayOut}`);
}

/** What is in the files of names that are named or go with the weights, checked, by its path in the folder. */
async function labelTexts(
  { detector, objectNames, attributeNames }: ExportDetectorOptions,
  architecture: DetectorArchitecture,
): Promise<Record<string, string>> {
  await loadLabelNames({ objects: objectNames, attributes: attributeNames }, detector, architecture);
  const { objects, attributes } = labelFilesOf(detector, architecture);
  const texts: Record<string, string> = {};
  for (const [name, file] of [
    [LABEL_FILES.objects, objectNames ?? objects],
    [LABEL_FILES.attributes, attributeNames ?? attributes],
  ] as const) {
    if (file !== undefined) texts[name] = await readFile(file, 'utf8');
  }
  return texts;
}
