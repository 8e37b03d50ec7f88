/** @file An exported model from its folder: manifest, tables and weights, each checked before it is used. */

import { LxmertError, messageOf, UsageError } from '../common/errors.js';
import { AnswerTable } from '../data/answerTable.js';
import { answersOfValue, NoAnswerTable } from '../data/answerTableForms.js';
import { Vocabulary, WordPieceTokenizer } from '../text/index.js';
import { LabelNames, parseNames } from '../vision/detector/labelNames.js';
import type { ExportedDetectorPrecision } from './detectorManifest.js';
import type { Engine, EngineSession } from './engine.js';
import {
  type ExportedFolder,
  type LoadProgress,
  missingFile,
  requireChecksum,
  requireSize,
} from './exportedFolder.js';
import {
  chooseWeights,
  MANIFEST_FILE,
  type Manifest,
  type ManifestWeights,
  type ModelManifest,
  parseManifest,
  type WeightsPrecision,
} from './manifest.js';
import type { EngineOptions, Platform } from './platform.js';
import { whyNoExport } from './whyNoExport.js';

export interface LoadOptions extends Omit<EngineOptions, 'weights'> {
  /** Which weights of the folder. Default: float32 where they are there, else int8, else float16. */
  readonly precision?: WeightsPrecision | undefined;
  /** Told of the weights as they are read. */
  readonly onProgress?: LoadProgress | undefined;
  /** In a browser: keep the files for the next visit. Default true. */
  readonly cache?: boolean | undefined;
  /** Aborted, it ends the loading, which then throws its reason and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined;
  /** Folder or URL of an exported region detector. Without it, only a model of the sample world finds regions in a bare picture. */
  readonly detector?: string | undefined;
  /** Name of the detector's profile. Default: that of its weights. */
  readonly profile?: string | undefined;
  /** Other numbers of regions than the profile's. */
  readonly minBoxes?: number | undefined;
  readonly maxBoxes?: number | undefined;
  /** Which weights of the detector's folder. Default: float32 where they are there, else float16. */
  readonly detectorPrecision?: ExportedDetectorPrecision | undefined;
  /** Go on with features of another origin than those that the model was trained on. Default false. */
  readonly allowOtherFeatures?: boolean | undefined;
  /** Images whose regions are cached: about 0.3 MB each. Default 16. */
  readonly numCachedImages?: number | undefined;
}

/** A model that is ready to run. */
export interface RuntimeModel {
  /** Path or URL. */
  readonly folder: string;
  readonly manifest: ModelManifest;
  readonly weights: ManifestWeights;
  readonly session: EngineSession;
  readonly engine: Engine;
  readonly tokenizer: WordPieceTokenizer;
  readonly maxLength: number;
  /** Empty for a model without answers. */
  readonly answerTable: AnswerTable;
  readonly names: LabelNames;
}

/** Manifests, vocabularies and tables have less. */
const MAX_SMALL_BYTES = 64 * 1024 * 1024;

/**
 * Loads a model.
 *
 * @param source a folder's path or URL
 * @throws UsageError when there is no such folder, or it is no exported model; LxmertError when a file of it is missing, cut,
 * changed or of a newer form; the reason of `signal` when that is aborted
 */
export async function loadModel(
  platform: Platform,
  source: string,
  options: LoadOptions = {},
): Promise<RuntimeModel> {
  options.signal?.throwIfAborted();
  const folder = await platform.openFolder(source, options);
  const manifest = await readManifest(folder);
  if (manifest.kind !== 'model') {
    throw new UsageError(
      `${folder.name} is an exported region detector, not a model. Name it as the detector (--detector), and as the model a folder that lxmert export onnx made of one.`,
    );
  }
  const weights = chooseWeights(manifest, options.precision, folder.name);
  const tables = await readTables(platform, folder, manifest);
  const { engine: asked, numThreads } = options;
  const engine = await platform.createEngine({
    engine: asked,
    numThreads,
    weights: { precision: weights.precision, numBytes: bytesOf(manifest, weights) },
  });
  const session = await openGraph(engine, folder, manifest, weights, options.onProgress);
  try {
    options.signal?.throwIfAborted();
    requireNames(folder, manifest, weights, session);
  } catch (error) {
    await session.dispose();
    throw error;
  }
  return { folder: folder.name, manifest, weights, session, engine, ...tables };
}

/** @throws UsageError for a folder without one; LxmertError for one that cannot be read */
export async function readManifest(folder: ExportedFolder): Promise<Manifest> {
  const bytes = await folder.read(MANIFEST_FILE, MAX_SMALL_BYTES);
  if (bytes === undefined) throw new UsageError(await whyNoExport(folder));
  return parseManifest(new TextDecoder().decode(bytes), `${folder.name}/${MANIFEST_FILE}`);
}

async function readTables(
  platform: Platform,
  folder: ExportedFolder,
  { text, heads, regions, files }: ModelManifest,
): Promise<Pick<RuntimeModel, 'tokenizer' | 'maxLength' | 'answerTable' | 'names'>> {
  const read = (file: string): Promise<Uint8Array> => readChecked(platform, folder, files, file);
  const name = (file: string): string => `${folder.name}/${file}`;
  const vocabulary = Vocabulary.parse(await read(text.vocabulary), `The vocabulary ${name(text.vocabulary)}`);
  const table = heads.answers?.table;
  const answers = table === undefined ? [] : parseAnswers(await read(table), name(table));
  if (heads.answers !== null && answers.length !== heads.answers.num) {
    throw new LxmertError(
      `${name(heads.answers.table)} has ${answers.length} answers, but the model's head has ${heads.answers.num}: the table is another model's. Export the model again.`,
    );
  }
  const namesOf = async (file: string | null, what: string): Promise<readonly string[] | undefined> =>
    file === null ? undefined : parseNames(await read(file), { file: name(file), expected: undefined, what });
  return {
    tokenizer: new WordPieceTokenizer(vocabulary, { lowerCase: text.lowerCase }),
    maxLength: text.maxLength,
    answerTable: new AnswerTable(answers, table === undefined ? undefined : name(table)),
    names: new LabelNames(
      await namesOf(regions.objects, 'objects'),
      await namesOf(regions.attributes, 'attributes'),
    ),
  };
}

/** A small file whose size and checksum are those of the manifest. */
export async function readChecked(
  platform: Pick<Platform, 'sha256'>,
  folder: ExportedFolder,
  files: Manifest['files'],
  file: string,
): Promise<Uint8Array> {
  const facts = files[file];
  const bytes = await folder.read(file, MAX_SMALL_BYTES);
  if (bytes === undefined || facts === undefined) throw missingFile(`${folder.name}/${file}`);
  requireSize(`${folder.name}/${file}`, bytes.length, facts);
  requireChecksum(`${folder.name}/${file}`, await platform.sha256(bytes), facts);
  return bytes;
}

function parseAnswers(bytes: Uint8Array, file: string): readonly string[] {
  const parsed = (): unknown => {
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new LxmertError(`${file} is not valid JSON. Export the model again.`, { cause });
    }
  };
  const list = answersOfValue(parsed());
  // The export writes a list of texts: anything else was written by somebody, who may have meant indices.
  if (list instanceof NoAnswerTable || list.readAs !== undefined) {
    const reason = list instanceof NoAnswerTable ? list.reason : `it would be read ${list.readAs}`;
    throw new LxmertError(
      `${file} is no list of answers as text, as it is exported: ${reason}. Export the model again.`,
    );
  }
  return list.entries.map(({ ans }) => ans);
}

/**
 * Reads a graph with its external data, checked, and makes it ready to run.
 *
 * @throws LxmertError for weights that are missing, cut or changed, and for those that the engine does not take
 */
export async function openGraph(
  engine: Engine,
  folder: ExportedFolder,
  { files }: Pick<Manifest, 'files'>,
  { file, externalData }: Pick<ManifestWeights, 'file' | 'externalData'>,
  onProgress: LoadProgress | undefined,
): Promise<EngineSession> {
  const totalBytes = bytesOf({ files }, { file, externalData });
  /** Of the files that are read already. */
  let before = 0;
  const read = async (path: string): Promise<Uint8Array | string> => {
    const facts = files[path];
    if (facts === undefined) throw missingFile(`${folder.name}/${path}`);
    const data = await folder.readLarge(path, facts, {
      asPath: engine.readsPaths,
      onBytes: (numBytes) => onProgress?.({ file: path, numBytes: before + numBytes, totalBytes }),
    });
    before += facts.numBytes;
    return data;
  };
  const model = await read(file);
  const external =
    externalData === null
      ? undefined
      : { path: externalData.slice(externalData.lastIndexOf('/') + 1), data: await read(externalData) };
  try {
    return await engine.createSession({ model, externalData: external });
  } catch (cause) {
    const { name, version } = engine.info;
    throw new LxmertError(
      `${folder.name}/${file} is as it was exported, but ${name} ${version} cannot run it: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Of weights and their external data, as the manifest says. */
export function bytesOf(
  { files }: Pick<Manifest, 'files'>,
  { file, externalData }: Pick<ManifestWeights, 'file' | 'externalData'>,
): number {
  return [file, externalData].reduce(
    (sum, path) => sum + (path === null ? 0 : (files[path]?.numBytes ?? 0)),
    0,
  );
}

/** @throws LxmertError for a graph without an input or output that the manifest promises */
function requireNames(
  folder: ExportedFolder,
  { heads }: ModelManifest,
  { file }: ManifestWeights,
  { inputNames, outputNames }: EngineSession,
): void {
  const inputs = ['input_ids', 'attention_mask', 'visual_feats', 'visual_pos'];
  const outputs = [heads.answers, heads.matching, heads.answerability].flatMap((head) =>
    head ? [head.output] : [],
  );
  const missing = [
    ...inputs.filter((name) => !inputNames.includes(name)).map((name) => `input '${name}'`),
    ...outputs.filter((name) => !outputNames.includes(name)).map((name) => `output '${name}'`),
  ];
  if (missing.length === 0) return;
  throw new LxmertError(
    `${folder.name}/${file} has no ${missing.join(', no ')}, so it is another model than the manifest beside it says. Export the model again.`,
  );
}
