/**
 * @file What a model looked at for an answer, as data: each word's attention on the regions and each region's on the
 * words, in every cross-modality layer and head, and how much each word and region counted for each answer. Made of
 * plain values, so that it travels as JSON.
 */

import { UsageError } from '../common/errors.js';
import { batchFromRows } from '../features/index.js';
import { describeRegion, type ImageRegions } from '../inference/imageRegions.js';
import type { Lxmert } from '../inference/lxmert.js';
import type { LxmertImage } from '../inference/lxmertImage.js';
import type { LoadedModel } from '../inference/modelFolder.js';
import type { AnswerOptions } from '../inference/requests.js';
import { batchInputs, type RankedAnswer, rankAnswers } from '../tasks/index.js';
import { isCut } from '../text/index.js';
import { noGrad, scope, type Tensor } from '../torch/index.js';
import { type Relevance, relevancesOf } from './relevance.js';

/** Probabilities of one layer: for every head and row they sum to 1 over the columns. */
export interface AttentionMap {
  readonly numHeads: number;
  readonly numRows: number;
  readonly numColumns: number;
  /** Base64 of unsigned 16-bit little-endian numbers (heads, rows, columns): probabilities times 65535. */
  readonly values: string;
}

export interface ExplainedLayer {
  /** Rows are words, columns regions. */
  readonly wordsOnRegions: AttentionMap;
  /** Rows are regions, columns words. */
  readonly regionsOnWords: AttentionMap;
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

export interface ExplainedRegion {
  /** x1, y1, x2, y2 in pixels of the picture. */
  readonly box: readonly [number, number, number, number];
  /** Such as `red truck`; null for regions without labels. */
  readonly label: string | null;
  readonly objectConfidence: number | null;
  readonly attributeConfidence: number | null;
}

export interface Explanation {
  readonly question: string;
  /** True when it is longer than the model reads: its end counted for nothing. */
  readonly isCut: boolean;
  /** The most probable first. */
  readonly answers: readonly RankedAnswer[];
  /** The question's word pieces as the model reads them: [CLS], pieces, [SEP]. */
  readonly words: readonly string[];
  /** Of the picture, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly regions: readonly ExplainedRegion[];
  /** Cross-modality layers, the first first. */
  readonly layers: readonly ExplainedLayer[];
  /** Of each of the answers. */
  readonly relevance: readonly AnswerRelevance[];
}

const SCALE = 65535;

/**
 * Answers a question about a picture and tells what the answer was found in.
 *
 * ```ts
 * const explanation = await explain(lxmert, 'photo.jpg', 'What color is the cat?');
 * await writeFile('why.html', await renderExplanation(explanation));
 * ```
 *
 * @param image the path of a file, or what {@link LxmertImage} makes of something else
 * @param options answers to give: 5 unless `topK` says otherwise
 * @throws as `Lxmert.detectRegions` and {@link explanationOf}
 */
export async function explain(
  lxmert: Lxmert,
  image: string | LxmertImage,
  question: string,
  { topK = 5 }: AnswerOptions = {},
): Promise<Explanation> {
  return explanationOf(lxmert.answering, await lxmert.detectRegions(image), question, topK);
}

/**
 * Answers a question about a picture and keeps the attention that led there.
 *
 * @param topK answers to give
 * @throws UsageError for several models, whose attention has no common meaning, and for a model without
 * cross-modality layers
 */
export function explanationOf(
  answering: LoadedModel,
  imageRegions: ImageRegions,
  question: string,
  topK = 5,
): Explanation {
  const [model, ...others] = answering.models;
  if (model === undefined || others.length > 0) {
    throw new UsageError(
      `One model can be explained, and ${answering.models.length} were given. Name one of them.`,
    );
  }
  if (model.config.numCrossLayers === 0) {
    throw new UsageError(
      'This model has no cross-modality layers, so its words and regions never attend to each other.',
    );
  }
  const { row, width, height } = imageRegions;
  const { tokenizer, maxLength } = answering;
  const source = { gather: (ids: readonly string[]) => batchFromRows(ids.map(() => row)) };
  const examples = [{ imageIds: [row.imageId], sentence: question }];
  const layers = scope(() =>
    noGrad(() => {
      const inputs = batchInputs(examples, tokenizer, source, { maxLength });
      const { attentions } = model.forward(inputs, { attentions: true });
      return (attentions?.cross ?? []).map(({ languageToVision, visionToLanguage }) => ({
        wordsOnRegions: mapOf(languageToVision), // (1, heads, words, regions)
        regionsOnWords: mapOf(visionToLanguage), // (1, heads, regions, words)
      }));
    }),
  );
  const answers = rankAnswers(answering, source, examples, topK)[0] ?? [];
  const relevance = scope(() =>
    relevancesOf(
      model,
      noGrad(() => batchInputs(examples, tokenizer, source, { maxLength })),
      answers.map(({ answer }) => answering.answerTable.indexOf(answer) ?? 0),
    ).map(sharesOf),
  );
  return {
    question,
    isCut: isCut(answering, question),
    answers,
    words: tokenizer.vocabulary.tokens(tokenizer.encode(question, maxLength)),
    width,
    height,
    regions: imageRegions.regions.map((region) => ({
      box: [region.box.x1, region.box.y1, region.box.x2, region.box.y2],
      label: describeRegion(region) ?? null,
      objectConfidence: region.object?.confidence ?? null,
      attributeConfidence: region.attribute?.confidence ?? null,
    })),
    layers,
    relevance,
  };
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
    wordsOnRegions: packed(shares(acrossWords, numRegions), [1, numWords, numRegions]),
    regionsOnWords: packed(shares(acrossRegions, numWords), [1, numRegions, numWords]),
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
  return packed(probabilities.toFloat32Array(), [numHeads, numRows, numColumns]);
}

function packed(
  values: ArrayLike<number> & Iterable<number>,
  [numHeads, numRows, numColumns]: readonly [number, number, number],
): AttentionMap {
  const bytes = Buffer.alloc(2 * values.length);
  let i = 0;
  for (const value of values) {
    bytes.writeUInt16LE(Math.round(Math.min(Math.max(value, 0), 1) * SCALE), 2 * i++);
  }
  return { numHeads, numRows, numColumns, values: bytes.toString('base64') };
}
