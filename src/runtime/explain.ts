/** @file What an exported model's answers were found in: by removal always, its attention where its graph gives it. */

import { LxmertError, UsageError } from '../common/errors.js';
import { sequentialBatches } from '../data/epochSampler.js';
import { attentionMap } from '../explain/attentionMap.js';
import { explainedRegions } from '../explain/explainedRegions.js';
import type { ExplainedLayer, Explanation } from '../explain/explanation.js';
import {
  type AskedForRemoval,
  EXPLANATION_METHODS,
  type ExplanationMethod,
  type Removal,
  removalFrom,
  removalVariants,
  requireRemoval,
  type TakenAway,
  togetherFrom,
  togetherVariant,
} from '../explain/removal.js';
import { type FeatureRow, featureSizeOf, normalisedBoxes } from '../features/portable.js';
import type { ImageRegions } from '../inference/imageRegions.js';
import type { LxmertAnswer } from '../inference/lxmert.js';
import { activate, averageValues } from '../tasks/portable.js';
import { unreadOf } from '../text/index.js';
import type { EngineTensor } from './engine.js';
import { type GraphInputs, outputRows, pieceInputs, regionInputs, wordInputs } from './graphInputs.js';
import type { RuntimeModel } from './loadModel.js';

/**
 * Rows of regions in one pass at most. WebAssembly computes no faster with more, and another question waits for one pass
 * alone: one or two seconds of the five (int8) or twelve that 36 regions take on one thread with a model of the published size.
 */
const REMOVAL_ROWS = 320;

/** A model whose graph can be run. */
export interface RunnableModel {
  readonly model: RuntimeModel;
  runGraph(inputs: GraphInputs, outputs: readonly string[]): Promise<Readonly<Record<string, EngineTensor>>>;
}

/** What the answers of an exported model, or of several together, can be explained by. */
export function explanationMethodsOf(runnables: readonly RunnableModel[]): readonly ExplanationMethod[] {
  const [only, ...others] = runnables;
  if (only === undefined || others.length > 0) return ['removal'];
  const { outputs, model } = only.model.manifest;
  return outputs.includes('attentions') && model.numCrossLayers > 0 ? ['attention', 'removal'] : ['removal'];
}

/** @throws UsageError for a method that the models have not what it takes for */
export function requireMethod(runnables: readonly RunnableModel[], method: ExplanationMethod): void {
  if (!EXPLANATION_METHODS.includes(method)) {
    throw new UsageError(
      `Answers are explained by ${EXPLANATION_METHODS.join(', ')}; there is no '${method}'.`,
    );
  }
  if (explanationMethodsOf(runnables).includes(method)) return;
  const folder = runnables[0]?.model.folder;
  const way = "Have the answers explained by removal (--method removal; in JavaScript method: 'removal')";
  if (method === 'relevance') {
    throw new UsageError(
      `Relevance follows gradients, and ${folder} is an exported model, which has none. ${way}, or ask the model that it was exported from.`,
    );
  }
  throw new UsageError(
    runnables.length > 1
      ? `The attention of several models has no common meaning, and ${runnables.length} were given. ${way}, or name one of them.`
      : `${folder} was exported without its attention. ${way}, or export the model with --outputs answers,attentions.`,
  );
}

/**
 * @param runnables a model, or several whose probabilities are averaged
 * @param answered the answers to explain
 */
export async function explanationOf(
  runnables: readonly [RunnableModel, ...RunnableModel[]],
  { row, regions }: ImageRegions,
  { question, answers, isCut, width, height }: LxmertAnswer,
  method: ExplanationMethod,
  without?: TakenAway,
): Promise<Explanation> {
  requireRemoval(method, without);
  const [first] = runnables;
  const { tokenizer, maxLength } = first.model;
  const ids = tokenizer.encode(question, maxLength);
  const words = tokenizer.vocabulary.tokens(ids);
  return {
    question,
    isCut,
    ...unreadOf(first.model, question),
    method,
    answers,
    words,
    width,
    height,
    regions: explainedRegions(regions),
    layers:
      without === undefined && explanationMethodsOf(runnables).includes('attention')
        ? await layersOf(first, row, question)
        : [],
    // Graphs give the attention across both streams alone.
    selfAttention: null,
    relevance: [],
    removal: method === 'removal' ? await removalOf(runnables, row, { ids, words, answers, without }) : null,
  };
}

async function layersOf(
  runnable: RunnableModel,
  row: FeatureRow,
  question: string,
): Promise<ExplainedLayer[]> {
  const { model } = runnable;
  const { numCrossLayers } = model.manifest.model;
  const names = Array.from(
    { length: numCrossLayers },
    (_, i) => [`cross_encoder_attentions.${i}`, `cross_encoder_vision_attentions.${i}`] as const,
  );
  const found = await runnable.runGraph(
    { ...wordInputs(model, [question]), ...regionInputs([row], 1) },
    names.flat(),
  );
  const mapOf = (name: string) => {
    const { data, dims } = found[name] ?? { data: new Float32Array(), dims: [] };
    const [batch, numHeads, numRows, numColumns] = dims;
    if (!(data instanceof Float32Array) || batch !== 1 || dims.length !== 4) {
      throw new LxmertError(
        `The graph's output ${name} was expected with four dimensions, for one question; it has (${dims.join(', ')}).`,
      );
    }
    return attentionMap(data, [numHeads ?? 0, numRows ?? 0, numColumns ?? 0]);
  };
  return names.map(([words, regions]) => ({ wordsOnRegions: mapOf(words), regionsOnWords: mapOf(regions) }));
}

async function removalOf(
  runnables: readonly [RunnableModel, ...RunnableModel[]],
  row: FeatureRow,
  { ids, words, answers, without }: AskedForRemoval,
): Promise<Removal> {
  const { answerTable } = runnables[0].model;
  if (without !== undefined) {
    const { sentence, keptRegions } = togetherVariant(ids, words, row.numBoxes, without);
    const values = await averaged(runnables, [sentence], keptRegionInputs(row, [keptRegions]));
    return togetherFrom(answers, answerTable.answers, values);
  }
  const variants = removalVariants(ids, words, row.numBoxes);
  // All words are about one picture, which is encoded once; without a region each is a picture of its own.
  const whole = regionInputs([row], 1);
  const passes = (numVariants: number, ask: (variants: readonly number[]) => Promise<Float32Array>) =>
    inPasses(numVariants, Math.max(1, Math.floor(REMOVAL_ROWS / row.numBoxes)), answerTable.size, ask);
  return removalFrom(variants, row.numBoxes, answers, answerTable.answers, {
    withoutWords: await passes(variants.sentences.length, (words) =>
      averaged(
        runnables,
        words.map((word) => variants.sentences[word] ?? []),
        whole,
      ),
    ),
    withoutRegions: await passes(variants.keptRegions.length, (regions) =>
      averaged(
        runnables,
        regions.map(() => ids),
        keptRegionInputs(
          row,
          regions.map((region) => variants.keptRegions[region] ?? []),
        ),
      ),
    ),
  });
}

/** (variants, answers) row-major, some variants at a time; events, such as another question, are heard in between. */
async function inPasses(
  numVariants: number,
  perPass: number,
  numAnswers: number,
  ask: (variants: readonly number[]) => Promise<Float32Array>,
): Promise<Float32Array> {
  const values = new Float32Array(numVariants * numAnswers);
  for (const part of sequentialBatches(numVariants, perPass)) {
    // WebAssembly computes where it is called: what waits for it alone would never let go of the thread.
    await new Promise((resolve) => setTimeout(resolve));
    values.set(await ask(part), (part[0] ?? 0) * numAnswers);
  }
  return values;
}

async function averaged(
  runnables: readonly RunnableModel[],
  sentences: readonly (readonly number[])[],
  regions: ReturnType<typeof regionInputs>,
): Promise<Float32Array> {
  const each: Float32Array[] = [];
  for (const runnable of runnables) each.push(await probabilities(runnable, sentences, regions));
  return averageValues(each);
}

/** (sentences, answers) row-major */
async function probabilities(
  runnable: RunnableModel,
  sentences: readonly (readonly number[])[],
  regions: ReturnType<typeof regionInputs>,
): Promise<Float32Array> {
  const { answers } = runnable.model.manifest.heads;
  if (answers === null) throw new RangeError('The model was asked for answers.');
  const { output, num, probabilities: activation } = answers;
  const found = await runnable.runGraph({ ...pieceInputs(sentences), ...regions }, [output]);
  return activate(outputRows(found[output], output, sentences.length, num), num, activation);
}

/** One picture for each list of regions, equally long, in which no others are. */
function keptRegionInputs(
  row: FeatureRow,
  kept: readonly (readonly number[])[],
): ReturnType<typeof regionInputs> {
  const [numImages, numRegions, size] = [kept.length, kept[0]?.length ?? 0, featureSizeOf(row)];
  const corners = normalisedBoxes([row], row.numBoxes); // (regions, 4)
  const features = new Float32Array(numImages * numRegions * size); // (images, regions, F)
  const boxes = new Float32Array(numImages * numRegions * 4); // (images, regions, 4)
  for (const [place, region] of kept.flat().entries()) {
    features.set(row.features.subarray(region * size, (region + 1) * size), place * size);
    boxes.set(corners.subarray(region * 4, (region + 1) * 4), place * 4);
  }
  const dims = [numImages, numRegions];
  return {
    visual_feats: { type: 'float32', data: features, dims: [...dims, size] },
    visual_pos: { type: 'float32', data: boxes, dims: [...dims, 4] },
    visual_attention_mask: {
      type: 'int64',
      data: new BigInt64Array(numImages * numRegions).fill(1n),
      dims,
    },
  };
}
