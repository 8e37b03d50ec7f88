/** @file A trained model as a folder that answers without libtorch: graph, weights, tokenizer, answers, manifest. */

import { readFile } from 'node:fs/promises';
import { unreadable } from '../common/errors.js';
import type { Progress } from '../common/progress.js';
import { version } from '../common/version.js';
import { disposeModels } from '../inference/ensemble.js';
import {
  type LoadedModel,
  loadModel,
  type ModelSource,
  requireAnswering,
  requireMatching,
} from '../inference/modelFolder.js';
import {
  MAX_MODEL_BYTES,
  type OnnxGraph,
  type WrittenModel,
  weightsBytes,
  writeModel,
} from '../onnx/index.js';
import type { GraphOutput, ModelManifest, WeightsPrecision } from '../runtime/index.js';
import { ExportFolder } from './exportFolder.js';
import { requireHalf } from './halfRange.js';
import { Int8Layers } from './int8Layers.js';
import { ExactLayers, HalfLayers, type LayerWriter } from './layerWriter.js';
import { lxmertGraph } from './lxmertGraph.js';
import { modelFiles, modelOf } from './modelFiles.js';
import { manifestOf, previousOf, requireSameModel } from './modelManifest.js';
import { checkExport, type SelfCheck } from './selfCheck.js';

export interface ExportModelOptions {
  readonly source: Omit<ModelSource, 'precision' | 'device'>;
  /** The folder to write, or one that an earlier export of the same model wrote. */
  readonly out: string;
  readonly precision: WeightsPrecision;
  /** Default: what the folder has already, else the answers and matching of the model's heads. */
  readonly outputs?: readonly GraphOutput[] | undefined;
  /** Weights in a file beside the graph's. Default: only over 2 GB. */
  readonly externalData?: boolean | undefined;
  /** Files with the names of the detector's objects and attributes, which go along. */
  readonly objectNames?: string | undefined;
  readonly attributeNames?: string | undefined;
  /** Compare the graph with the model once it is written. Default true. */
  readonly check?: boolean | undefined;
  /** Told of bytes. */
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportedModel {
  readonly folder: string;
  readonly precision: WeightsPrecision;
  readonly written: WrittenModel;
  readonly manifest: ModelManifest;
  /** Undefined when it was not asked for. */
  readonly check: SelfCheck | undefined;
  /** What a person should know of how the model was read. */
  readonly notes: readonly string[];
}

/** Graphs by precision, under the names that transformers.js and optimum look for. */
const GRAPH_FILES: Record<WeightsPrecision, string> = {
  float32: 'onnx/model.onnx',
  float16: 'onnx/model_fp16.onnx',
  int8: 'onnx/model_quantized.onnx',
};

/** Outputs that a head gives. */
const HEAD_OUTPUTS: readonly GraphOutput[] = ['answers', 'matching'];

/**
 * @throws UsageError for a folder with another model or with files that no export wrote, and for what has to be named;
 * LxmertError for an output that the model has no head for, for weights that float16 cannot hold, and when the graph gives other numbers than the model; what `signal` was aborted with
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportedModel> {
  const writer = layerWriterFor(options.precision);
  const folder = await ExportFolder.open(options.out);
  const outputs = options.outputs ?? previousOf(folder)?.outputs;
  const withoutHeads = outputs !== undefined && !outputs.some((each) => HEAD_OUTPUTS.includes(each));
  const loaded = await loadModel({ ...options.source, withoutHeads });
  try {
    options.signal?.throwIfAborted();
    return await exportLoaded(loaded, folder, writer, options);
  } finally {
    disposeModels(loaded);
  }
}

async function exportLoaded(
  loaded: LoadedModel<string>,
  folder: ExportFolder,
  writer: LayerWriter,
  options: ExportModelOptions,
): Promise<ExportedModel> {
  const { precision, signal } = options;
  const model = modelOf(loaded);
  const outputs = outputsFor(loaded, folder, options);
  const heads = model.heads.filter(({ name }) => outputs.includes(name === 'match' ? 'matching' : 'answers'));
  // The heads of int8 are stored in float16 too, and nothing of a model is that large.
  if (precision !== 'float32') requireHalf(loaded.weightsFiles[0] as string, model.namedParameters());
  const texts = modelFiles(
    loaded,
    heads.map(({ name }) => name),
    { objects: await textOf(options.objectNames), attributes: await textOf(options.attributeNames) },
  );
  const graph = lxmertGraph(
    {
      config: model.config,
      parameters: model.namedParameters(),
      heads,
      imagesPerExample: model.imagesPerExample,
      attentions: outputs.includes('attentions'),
      pooled: outputs.includes('pooled'),
    },
    writer,
  );
  const file = GRAPH_FILES[precision];
  const isApart = options.externalData === true || isTooLarge(graph);
  const externalData = isApart ? `${file}_data` : null;
  const weights = { precision, file, externalData };
  const facts = manifestOf(loaded, outputs, Object.keys(texts), previousOf(folder));
  requireSameModel(folder, facts);
  await folder.requireFree(texts, isApart ? [file, `${file}_data`] : [file]);
  try {
    for (const [name, text] of Object.entries(texts)) await folder.write(name, text);
    for (const name of [file, ...(externalData === null ? [] : [externalData])]) folder.announce(name);
    const written = await writeModel(folder.fileOf(file), graph, {
      externalData: externalData?.split('/').at(-1),
      producer: { name: 'lxmert', version: version() },
      signal,
      ...(options.progress === undefined ? {} : { progress: options.progress }),
    });
    folder.record(file, written.model);
    if (externalData !== null && written.externalData !== undefined) {
      folder.record(externalData, written.externalData);
    }
    signal?.throwIfAborted();
    const files = { model: written.model.path, externalData: written.externalData?.path };
    const pooled = outputs.includes('pooled');
    const check =
      // Attention maps alone leave nothing that both sides give.
      options.check === false || (heads.length === 0 && !pooled)
        ? undefined
        : await checkExport(files, { model, heads, pooled, maxLength: loaded.maxLength, precision });
    signal?.throwIfAborted();
    const others = previousOf(folder)?.weights.filter((each) => each.precision !== precision) ?? [];
    const { objects, attributes } = facts.regions;
    const kept = [...others.flatMap((each) => [each.file, each.externalData]), objects, attributes].filter(
      (name) => name !== null,
    );
    const manifest = await folder.finish<ModelManifest>({ ...facts, weights: [...others, weights] }, kept);
    return { folder: folder.path, precision, written, manifest, check, notes: loaded.notes };
  } catch (error) {
    await folder.takeBack();
    throw error;
  }
}

function layerWriterFor(precision: WeightsPrecision): LayerWriter {
  if (precision === 'int8') return new Int8Layers();
  return precision === 'float16' ? new HalfLayers() : new ExactLayers();
}

/** What the graph is to give. */
function outputsFor(
  loaded: LoadedModel<string>,
  folder: ExportFolder,
  { outputs }: ExportModelOptions,
): readonly GraphOutput[] {
  const own: GraphOutput[] = [
    ...('answer' in loaded.activations ? (['answers'] as const) : []),
    ...('match' in loaded.activations ? (['matching'] as const) : []),
  ];
  const wanted = outputs ?? previousOf(folder)?.outputs ?? own;
  if (wanted.includes('answers')) requireAnswering(loaded);
  if (wanted.includes('matching')) requireMatching(loaded);
  // By itself it is an encoder, which `pooled` gives.
  if (wanted.length === 0) requireAnswering(loaded);
  return [...new Set(wanted)];
}

/** Some room is left for the nodes. */
function isTooLarge(graph: OnnxGraph): boolean {
  return weightsBytes(graph) > MAX_MODEL_BYTES - 2 ** 24;
}

async function textOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
}
