/** @file The model that `answer`, `match` and `explain` ask, whatever computes it. */

import type { z } from 'zod';
import { type Explanation, explanationOf } from '../../explain/explanation.js';
import type { ExplanationMethod } from '../../explain/removal.js';
import type { FeatureRow } from '../../features/files.js';
import type { ImageRegions } from '../../inference/imageRegions.js';
import { Lxmert, type LxmertAnswer, type LxmertMatch } from '../../inference/lxmert.js';
import { LxmertImage } from '../../inference/lxmertImage.js';
import { type AnswerOptions, SENTENCES_AT_ONCE } from '../../inference/requests.js';
import { answerExamples, type RuntimeEnsemble } from '../../runtime/together/index.js';
import { matchProbabilities } from '../../tasks/index.js';
import { isCut } from '../../text/index.js';
import type { detectionOptions } from '../sharedOptions/detectorOptions.js';
import { deviceOf } from '../sharedOptions/deviceOptions.js';
import type { modelOptions, otherFeaturesOption } from '../sharedOptions/modelOptions.js';
import { areExported, loadExported, refuseExportedDetector } from './exportedModel.js';

export interface AskedModel extends AsyncDisposable {
  /** What a person should know of it, and of the regions that it was given. */
  readonly warnings: readonly string[];
  /** Word pieces that it reads, [CLS] and [SEP] included. */
  readonly maxLength: number;
  /** @throws as `Lxmert.detectRegions` */
  detectRegions(image: string | LxmertImage): Promise<ImageRegions>;
  answer(regions: ImageRegions, question: string, options: AnswerOptions): Promise<LxmertAnswer>;
  match(image: string | LxmertImage, sentences: readonly string[]): Promise<readonly LxmertMatch[]>;
  explain(
    regions: ImageRegions,
    question: string,
    topK: number,
    method?: ExplanationMethod,
  ): Promise<Explanation>;
}

/** What is said of a question that is longer than the model reads. */
export function cutNotice(maxLength: number): string {
  return `The model reads ${maxLength - 2} word pieces; the end of the question is beyond them and was not read.`;
}

type OptionsOf<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;
/** What the flags say of a model and of what it sees with. */
export type AskedModelOptions = Omit<OptionsOf<typeof modelOptions>, 'answers'> &
  Partial<Pick<OptionsOf<typeof modelOptions>, 'answers'>> &
  OptionsOf<typeof detectionOptions> &
  OptionsOf<typeof otherFeaturesOption>;

/**
 * Loads what the flags name.
 *
 * @param head what it will be asked for
 * @throws as `Lxmert.load`, and for a model without the head
 */
export async function loadAskedModel(
  options: AskedModelOptions,
  head: 'answers' | 'matching',
): Promise<AskedModel> {
  return areExported(options.model)
    ? await loadOnRuntime(options, head)
    : await loadOnLibtorch(options, head);
}

async function loadOnRuntime(options: AskedModelOptions, head: 'answers' | 'matching'): Promise<AskedModel> {
  const ensemble = await loadExported(options.model, options);
  try {
    const { first } = ensemble;
    if (head === 'answers') first.requireAnswering();
    else first.requireMatching();
    return {
      maxLength: first.model.maxLength,
      get warnings() {
        return ensemble.warnings;
      },
      detectRegions: (image) => first.detectRegions(image),
      answer: (regions, question, wanted) => ensemble.answer(regions, question, wanted),
      match: async (image, sentences) => {
        const { row } = await first.detectRegions(image);
        return await matchesOf(ensemble, row, sentences);
      },
      explain: (regions, question, topK, method) => ensemble.explain(regions, question, { topK, method }),
      [Symbol.asyncDispose]: () => ensemble.dispose(),
    };
  } catch (error) {
    await ensemble.dispose();
    throw error;
  }
}

async function matchesOf(
  ensemble: RuntimeEnsemble,
  row: FeatureRow,
  sentences: readonly string[],
): Promise<LxmertMatch[]> {
  const examples = sentences.map((sentence) => ({ sentence, imageIds: [row.imageId] }));
  const probabilities = await answerExamples(ensemble, examples, {
    batchSize: SENTENCES_AT_ONCE,
    rowOf: () => row,
    read: ({ match }) => (match === undefined ? [] : matchProbabilities(match)),
  });
  return sentences.map((sentence, i) => ({
    sentence,
    isCut: isCut(ensemble.first.model, sentence),
    probability: probabilities[i] as number,
  }));
}

async function loadOnLibtorch(options: AskedModelOptions, head: 'answers' | 'matching'): Promise<AskedModel> {
  refuseExportedDetector(options.detector);
  const lxmert = await Lxmert.load({
    ...options,
    device: deviceOf(options),
    vocabulary: options.vocab,
    numAttentionHeads: options.attentionHeads,
  });
  try {
    const { maxLength } = head === 'answers' ? lxmert.answering : lxmert.matching;
    return {
      maxLength,
      get warnings() {
        return lxmert.warnings;
      },
      detectRegions: (image) => lxmert.detectRegions(image),
      answer: (regions, question, wanted) =>
        lxmert.answer(LxmertImage.fromRegions(regions), question, wanted),
      match: (image, sentences) => lxmert.match(image, sentences),
      explain: async (regions, question, topK, method) =>
        explanationOf(lxmert.answering, regions, question, topK, method),
      [Symbol.asyncDispose]: async () => lxmert.dispose(),
    };
  } catch (error) {
    lxmert.dispose();
    throw error;
  }
}
