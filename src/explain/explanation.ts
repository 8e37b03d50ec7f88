/**
 * @file What an answer was found in, as data: each word's attention on the regions and each region's on the words, in
 * every cross-modality layer and head, how much each word and region counted for each answer, and what the answers become
 * without each. Made of plain values, so that it travels as JSON.
 */

import { UsageError } from '../common/errors.js';
import { batchFromRows, type FeatureRow } from '../features/index.js';
import type { ImageRegions } from '../inference/imageRegions.js';
import type { Lxmert } from '../inference/lxmert.js';
import type { LxmertImage } from '../inference/lxmertImage.js';
import type { LoadedModel } from '../inference/modelFolder.js';
import type { AnswerOptions } from '../inference/requests.js';
import { DEFAULT_TOP_K, requireTopK, requireWords } from '../inference/requests.js';
import type { LxmertInputs, QuestionAnsweringModel } from '../model/index.js';
import { batchInputs, type RankedAnswer, rankAnswers } from '../tasks/index.js';
import { isCut, type Unread, unreadOf } from '../text/index.js';
import { noGrad, scope, type Tensor } from '../torch/index.js';
import { type AttentionMap, attentionMap } from './attentionMap.js';
import { type ExplainedRegion, explainedRegions } from './explainedRegions.js';
import { type Relevance, relevancesOf } from './relevance.js';
import {
  type AskedForRemoval,
  defaultMethod,
  EXPLANATION_METHODS,
  type ExplanationMethod,
  type Removal,
  removalFrom,
  removalVariants,
  requireRemoval,
  type TakenAway,
  togetherFrom,
  togetherVariant,
} from './removal.js';
import { probabilitiesOfVariants, probabilitiesWithout } from './removalPasses.js';

export interface ExplainedLayer {
  /** Rows are words, columns regions. */
  readonly wordsOnRegions: AttentionMap;
  /** Rows are regions, columns words. */
  readonly regionsOnWords: AttentionMap;
}

/** Attention within each stream, layer by layer: those of the stream's own layers, then those of the cross-modality layers. */
export interface SelfAttention {
  /** Rows and columns are words. */
  readonly words: readonly AttentionMap[];
  /** Rows and columns are regions. */
  readonly regions: readonly AttentionMap[];
}

/** What counted for one answer, over all layers; see {@link relevancesOf}. Shares sum to 1, or are all 0. */
export interface AnswerRelevance {
  /** Share of each word. */
  readonly words: readonly number[];
  /** Share of each region. */
  readonly regions: readonly number[];
  /** Rows are words, columns regions; one map in place of heads. */
  readonly wordsOnRegions: AttentionMap;
  /** Rows are regions, columns words. */
  readonly regionsOnWords: AttentionMap;
}

export interface Explanation extends Unread {
  readonly question: string;
  /** True when it is longer than the model reads: its end counted for nothing. */
  readonly isCut: boolean;
  /** What the answers were explained by. */
  readonly method: ExplanationMethod;
  /** The most probable first. */
  readonly answers: readonly RankedAnswer[];
  /** The question's word pieces as the model reads them: [CLS], pieces, [SEP]. */
  readonly words: readonly string[];
  /** Of the picture, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly regions: readonly ExplainedRegion[];
  /** Attention in the cross-modality layers, the first first; none of several models, where it has no common meaning. */
  readonly layers: readonly ExplainedLayer[];
  /** Null unless it was asked for, and of models that do not give it. */
  readonly selfAttention: SelfAttention | null;
  /** Of each of the answers; none with other methods than `relevance`. */
  readonly relevance: readonly AnswerRelevance[];
  /** Null with other methods than `removal`. */
  readonly removal: Removal | null;
}

export interface ExplainOptions extends AnswerOptions {
  /**
   * `relevance` (default, where the model has it) follows attention through all layers, weighed by gradients; `attention` gives the maps of the
   * layers alone; `removal` takes every word and every region away in turn and tells what the answers become, also for
   * several models together.
   */
  readonly method?: ExplanationMethod | undefined;
  /** With `removal`: these are taken away together, in place of each by itself; see {@link Removal.together}. */
  readonly without?: TakenAway | undefined;
  /** Give the attention within words and within regions too: with 36 regions some hundred kilobytes. Default false. */
  readonly selfAttention?: boolean | undefined;
}

/**
 * Answers a question about a picture and tells what the answer was found in.
 *
 * ```ts
 * const explanation = await explain(lxmert, 'photo.jpg', 'What color is the cat?');
 * await writeFile('why.html', await renderExplanation(explanation));
 * ```
 *
 * @param image the path of a file, or what {@link LxmertImage} makes of something else
 * @param options answers to give: 5 unless `topK` says otherwise; and by what they are explained
 * @throws UsageError for a question without words, and as `Lxmert.detectRegions` and {@link explanationOf}
 */
export async function explain(
  lxmert: Lxmert,
  image: string | LxmertImage,
  question: string,
  { topK = DEFAULT_TOP_K, method, ...more }: ExplainOptions = {},
): Promise<Explanation> {
  requireTopK(topK);
  requireWords([question], 'question');
  return explanationOf(lxmert.answering, await lxmert.detectRegions(image), question, topK, method, more);
}

/**
 * Answers a question about a picture and tells what the answers were found in.
 *
 * @param topK answers to give
 * @param method `relevance` unless it says otherwise; of several models and without cross-modality layers `removal`
 * @param options with removal: what is taken away together, in place of each by itself; and whether to give self-attention
 * @throws UsageError for an unknown method, for a model that reads two images, and, unless the method is `removal`, for
 * several models, whose attention has no common meaning, and for a model without cross-modality layers
 */
export function explanationOf(
  answering: LoadedModel,
  imageRegions: ImageRegions,
  question: string,
  topK = DEFAULT_TOP_K,
  method: ExplanationMethod = defaultMethod(explanationMethodsOf(answering)),
  { without, selfAttention = false }: Pick<ExplainOptions, 'without' | 'selfAttention'> = {},
): Explanation {
  requireMethod(answering, method);
  requireRemoval(method, without);
  const { row, width, height } = imageRegions;
  const { tokenizer, maxLength, answerTable, models } = answering;
  const source = { gather: (ids: readonly string[]) => batchFromRows(ids.map(() => row)) };
  const examples = [{ imageIds: [row.imageId], sentence: question }];
  const inputs = (): LxmertInputs => batchInputs(examples, tokenizer, source, { maxLength });
  const ids = tokenizer.encode(question, maxLength);
  const words = tokenizer.vocabulary.tokens(ids);
  const answers = rankAnswers(answering, source, examples, topK)[0] ?? [];
  // Of what is asked again and again, the maps were given with the first answer.
  const attention =
    models.length === 1 && without === undefined
      ? attentionOf(models[0] as QuestionAnsweringModel, inputs, selfAttention)
      : { layers: [], selfAttention: null };
  return {
    question,
    isCut: isCut(answering, question),
    ...unreadOf(answering, question),
    method,
    answers,
    words,
    width,
    height,
    regions: explainedRegions(imageRegions.regions),
    ...attention,
    relevance:
      method === 'relevance'
        ? relevanceOf(
            models[0] as QuestionAnsweringModel,
            inputs,
            answers.map(({ answer }) => answerTable.indexOf(answer) ?? 0),
          )
        : [],
    removal: method === 'removal' ? removalOf(answering, row, { ids, words, answers, without }) : null,
  };
}

/** What a model's answers can be explained by: removal asks nothing of it, attention one model with cross-modality layers. */
export function explanationMethodsOf({ models }: LoadedModel): readonly ExplanationMethod[] {
  const [model] = models;
  const hasAttention = model !== undefined && models.length === 1 && model.config.numCrossLayers > 0;
  return hasAttention ? EXPLANATION_METHODS : ['removal'];
}

function requireMethod(answering: LoadedModel, method: ExplanationMethod): void {
  const { models, weightsFiles } = answering;
  if (!EXPLANATION_METHODS.includes(method)) {
    throw new UsageError(
      `Answers are explained by ${EXPLANATION_METHODS.join(', ')}; there is no '${method}'.`,
    );
  }
  if (models.some(({ imagesPerExample }) => imagesPerExample !== 1)) {
    throw new UsageError(
      `${weightsFiles[0]} judges statements about two images; answers about one are explained.`,
    );
  }
  if (explanationMethodsOf(answering).includes(method)) return;
  const why =
    models.length > 1
      ? `The attention of several models has no common meaning, and ${models.length} were given. Name one of them, or have the answers explained`
      : 'This model has no cross-modality layers, so its words and regions never attend to each other. Have the answers explained';
  throw new UsageError(`${why} by removal (--method removal; in JavaScript method: 'removal').`);
}

function attentionOf(
  model: QuestionAnsweringModel,
  inputs: () => LxmertInputs,
  withSelf: boolean,
): Pick<Explanation, 'layers' | 'selfAttention'> {
  return scope(() =>
    noGrad(() => {
      const { attentions } = model.forward(inputs(), { attentions: true });
      const { language = [], vision = [], cross = [] } = attentions ?? {};
      const layers = cross.map(({ languageToVision, visionToLanguage }) => ({
        wordsOnRegions: mapOf(languageToVision), // (1, heads, words, regions)
        regionsOnWords: mapOf(visionToLanguage), // (1, heads, regions, words)
      }));
      if (!withSelf) return { layers, selfAttention: null };
      const words = [...language, ...cross.map(({ languageSelf }) => languageSelf)];
      const regions = [...vision, ...cross.map(({ visionSelf }) => visionSelf)];
      return { layers, selfAttention: { words: words.map(mapOf), regions: regions.map(mapOf) } };
    }),
  );
}

function relevanceOf(
  model: QuestionAnsweringModel,
  inputs: () => LxmertInputs,
  answers: readonly number[],
): AnswerRelevance[] {
  return scope(() => relevancesOf(model, noGrad(inputs), answers).map(sharesOf));
}

function removalOf(
  answering: LoadedModel,
  row: FeatureRow,
  { ids, words, answers, without }: AskedForRemoval,
): Removal {
  const table = answering.answerTable.answers;
  if (without !== undefined) {
    const variant = togetherVariant(ids, words, row.numBoxes, without);
    return togetherFrom(answers, table, probabilitiesWithout(answering, row, [variant]));
  }
  const variants = removalVariants(ids, words, row.numBoxes);
  const probabilities = probabilitiesOfVariants(answering, row, ids, variants);
  return removalFrom(variants, row.numBoxes, answers, table, probabilities);
}

function sharesOf({ wordsOnWords, wordsOnRegions, regionsOnWords }: Relevance): AnswerRelevance {
  const numWords = wordsOnWords.shape[0] ?? 0;
  const numRegions = wordsOnRegions.shape[1] ?? 0;
  // The answer is read from the first word, [CLS]; that it counts for itself says nothing.
  const words = wordsOnWords.toFloat32Array().subarray(0, numWords);
  words[0] = Math.max(0, (words[0] ?? 0) - 1);
  const acrossWords = wordsOnRegions.toFloat32Array();
  const acrossRegions = regionsOnWords.toFloat32Array();
  return {
    words: shares(words, numWords),
    regions: shares(acrossWords.subarray(0, numRegions), numRegions),
    wordsOnRegions: attentionMap(shares(acrossWords, numRegions), [1, numWords, numRegions]),
    regionsOnWords: attentionMap(shares(acrossRegions, numWords), [1, numRegions, numWords]),
  };
}

/** Each row of `width` values divided by its sum. */
function shares(values: Float32Array, width: number): number[] {
  return Array.from({ length: values.length / width }, (_, row) => {
    const own = [...values.subarray(row * width, (row + 1) * width)];
    const sum = own.reduce((total, value) => total + value, 0);
    return own.map((value) => (sum > 0 ? value / sum : 0));
  }).flat();
}

/** (1, heads, rows, columns) */
function mapOf(probabilities: Tensor): AttentionMap {
  const [, numHeads = 0, numRows = 0, numColumns = 0] = probabilities.shape;
  return attentionMap(probabilities.toFloat32Array(), [numHeads, numRows, numColumns]);
}
