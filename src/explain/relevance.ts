/**
 * @file How much each word and region counted for an answer, over all layers: the rules of Chefer, Gur and Wolf,
 * "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers" (ICCV 2021),
 * section 3.
 *
 * Each attention map is weighed by the gradient of the answer's logit, negative products are dropped, and the mean of
 * its heads is followed through the layers: from what a word or region started as to what it has become.
 */

import type { CrossLayerProbabilities, LxmertInputs, QuestionAnsweringModel } from '../model/index.js';
import { gradients, noGrad, scope, type Tensor, withGrad } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** How much columns counted for rows, of one example; 0 or more, without a unit. */
export interface Relevance {
  /** (words, words) */
  readonly wordsOnWords: Tensor;
  /** (words, regions); the row of [CLS] is what counted for the answer. */
  readonly wordsOnRegions: Tensor;
  /** (regions, regions) */
  readonly regionsOnRegions: Tensor;
  /** (regions, words) */
  readonly regionsOnWords: Tensor;
}

/**
 * Relevance for each of some answers to one question about one image.
 *
 * @param inputs a batch of one without padding
 * @param answers their places in the answer table
 */
export function relevancesOf(
  model: QuestionAnsweringModel,
  inputs: LxmertInputs,
  answers: readonly number[],
): Relevance[] {
  return scope(() => {
    const eachWeighed = weighedMaps(model, inputs, answers);
    return noGrad(() =>
      eachWeighed.map(({ language, vision, cross }) => {
        const relevance = new RelevanceOfPairs(inputs.inputIds.shape[1] ?? 0, inputs.features.shape[1] ?? 0);
        for (const map of language) relevance.selfAttention('words', map);
        for (const map of vision) relevance.selfAttention('regions', map);
        for (const { languageToVision, visionToLanguage, languageSelf, visionSelf } of cross) {
          relevance.crossAttention(languageToVision, visionToLanguage);
          relevance.selfAttention('words', languageSelf);
          relevance.selfAttention('regions', visionSelf);
        }
        return relevance.result();
      }),
    );
  });
}

/** One map, (queries, keys) or with heads before, for each place where the model has attention. */
interface Maps {
  readonly language: readonly Tensor[];
  readonly vision: readonly Tensor[];
  readonly cross: readonly Readonly<Record<keyof CrossLayerProbabilities, Tensor>>[];
}

/** Of each layer the mean over heads of the positive part of gradient times probability (the paper's equation 5). */
function weighedMaps(
  model: QuestionAnsweringModel,
  inputs: LxmertInputs,
  answers: readonly number[],
): Maps[] {
  const root = model.encoder.embeddings.position.weight;
  const features = ops.clone(inputs.features);
  const rootHadGradient = root.requiresGrad;
  try {
    // Probabilities have gradients when what they are computed from asks for some; one root of each stream is enough.
    root.requiresGrad = true;
    features.requiresGrad = true;
    return withGrad(() => {
      const { logits, probabilities } = model.forward({ ...inputs, features }, { attentions: true });
      if (probabilities === undefined) throw new RangeError('Attention was asked for.');
      const maps = mapsFrom(probabilities, ([map]) => map as Tensor); // a batch of one
      const all = allOf(maps);
      return answers.map((answer) => {
        const logit = ops.select(ops.select(logits.answer, 0, 0), 0, answer);
        const found = gradients([logit], all, { retainGraph: true });
        return mapsFrom(maps, (map) => weighed(map, found[all.indexOf(map)] ?? null));
      });
    });
  } finally {
    root.requiresGrad = rootHadGradient;
  }
}

/** The same places with something else in each. */
function mapsFrom<T>(
  from: {
    readonly language: readonly T[];
    readonly vision: readonly T[];
    readonly cross: readonly Readonly<Record<keyof CrossLayerProbabilities, T>>[];
  },
  make: (each: T) => Tensor,
): Maps {
  return {
    language: from.language.map(make),
    vision: from.vision.map(make),
    cross: from.cross.map(({ languageToVision, visionToLanguage, languageSelf, visionSelf }) => ({
      languageToVision: make(languageToVision),
      visionToLanguage: make(visionToLanguage),
      languageSelf: make(languageSelf),
      visionSelf: make(visionSelf),
    })),
  };
}

function allOf({ language, vision, cross }: Maps): Tensor[] {
  return [...language, ...vision, ...cross.flatMap((layer) => Object.values(layer))];
}

/** (heads, queries, keys) -> (queries, keys) float32, on the processor: what follows is small. A map that the answer does not depend on weighs nothing. */
function weighed(probabilities: Tensor, gradient: Tensor | null): Tensor {
  return noGrad(() => {
    const map = ops.to(ops.detach(probabilities), 'float32');
    if (gradient === null) return ops.zeros(map.shape.slice(1));
    const weighedMap = ops.mean(ops.relu(ops.mul(map, ops.to(gradient, 'float32'))), [0], false);
    return ops.toDeviceOf(weighedMap, 'cpu');
  });
}

/** Keeps a row without relevance from being divided by 0. */
const SMALLEST_SUM = 1e-30;

type Stream = 'words' | 'regions';

/** The four relevance maps, and how a layer changes them (the paper's equations 6 to 11). */
class RelevanceOfPairs {
  /** Of a stream on itself: at first each counts for itself alone. */
  readonly #self: Record<Stream, Tensor>;
  /** Of a stream on the other one: at first nothing. */
  readonly #other: Record<Stream, Tensor>;

  constructor(numWords: number, numRegions: number) {
    this.#self = { words: ops.eye(numWords), regions: ops.eye(numRegions) };
    this.#other = { words: ops.zeros([numWords, numRegions]), regions: ops.zeros([numRegions, numWords]) };
  }

  selfAttention(stream: Stream, map: Tensor): void {
    const self = this.#self[stream];
    const other = this.#other[stream];
    this.#self[stream] = ops.add(self, ops.matmul(map, self));
    this.#other[stream] = ops.add(other, ops.matmul(map, other));
  }

  /** Both directions read what was before the layer. */
  crossAttention(wordsOnRegions: Tensor, regionsOnWords: Tensor): void {
    const words = this.#crossed('words', wordsOnRegions);
    const regions = this.#crossed('regions', regionsOnWords);
    this.#self.words = words.self;
    this.#other.words = words.other;
    this.#self.regions = regions.self;
    this.#other.regions = regions.other;
  }

  result(): Relevance {
    return {
      wordsOnWords: this.#self.words,
      wordsOnRegions: this.#other.words,
      regionsOnRegions: this.#self.regions,
      regionsOnWords: this.#other.regions,
    };
  }

  #crossed(stream: Stream, map: Tensor): { self: Tensor; other: Tensor } {
    const across = stream === 'words' ? 'regions' : 'words';
    const own = normalised(this.#self[stream]);
    const others = normalised(this.#self[across]);
    return {
      self: ops.add(this.#self[stream], ops.matmul(map, this.#other[across])),
      other: ops.add(
        this.#other[stream],
        ops.matmul(ops.transpose(own, 0, 1), ops.matmul(map, others)), // (own, own) (own, others) (others, others)
      ),
    };
  }
}

/** What each has taken in beside itself, with rows that sum to 1, and itself again (equations 8 and 9). */
function normalised(self: Tensor): Tensor {
  const identity = ops.eye(self.shape[0] ?? 0);
  const takenIn = ops.sub(self, identity);
  const sums = ops.sum(takenIn, [1], true); // (n, 1)
  // A row that took nothing in stays empty.
  return ops.add(ops.div(takenIn, ops.clamp(sums, SMALLEST_SUM, null)), identity);
}
