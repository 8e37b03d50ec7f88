/** @file The model of pre-training: the encoder and the heads of all five tasks. */

import { fromTypedArray, place, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { LxmertConfig } from './config.js';
import { AnswerHead } from './heads/answerHead.js';
import { MaskedWordHead } from './heads/maskedWordHead.js';
import { RegionHead } from './heads/regionHead.js';
import { Linear } from './layers/linear.js';
import { LxmertModel, type Precision } from './lxmert.js';
import { Module } from './module.js';
import { rowsAt } from './packing.js';
import type { LxmertInputs, PlacedInputs } from './placedInputs.js';

/** How many classes the heads tell apart. */
export interface PretrainingClasses {
  readonly numObjects: number;
  readonly numAttributes: number;
  /** Undefined for a model without question answering, which then has no answer head. */
  readonly numAnswers: number | undefined;
}

/** The published model's (lxmert-base; paper, section 3.1). */
export const PUBLISHED_CLASSES: PretrainingClasses = {
  numObjects: 1600,
  numAttributes: 400,
  numAnswers: 9500,
};

/**
 * What the heads are to compute, as places in the padded batch: a head is not run where nobody reads it. Undefined:
 * that head is not run at all.
 */
export interface PredictionPlaces {
  /** Of words, among B * n. */
  readonly words?: Int32Array | undefined;
  readonly matching?: boolean | undefined;
  /** Of regions, among B * regions. */
  readonly objects?: Int32Array | undefined;
  readonly attributes?: Int32Array | undefined;
  readonly features?: Int32Array | undefined;
  /** Examples whose answer is wanted. */
  readonly answers?: Int32Array | undefined;
}

/** {@link PredictionPlaces} as what a device reads, int32: rows of the streams, and places among the regions' rows. */
export interface PlacedPredictions {
  readonly words: Tensor | undefined;
  readonly matching: boolean;
  /** Rows of the regions that any head reads. */
  readonly regions: Tensor | undefined;
  /** Places among these; null for all of them, in order; undefined for none. */
  readonly objects: Tensor | null | undefined;
  readonly attributes: Tensor | null | undefined;
  readonly features: Tensor | null | undefined;
  readonly answers: Tensor | undefined;
}

/** Logits, float32, a row for each place. */
export interface PretrainingOutputs {
  /** (words, vocabulary) */
  readonly words: Tensor | undefined;
  /** (B, 2): not of this image, of this image */
  readonly matching: Tensor | undefined;
  /** (regions, objects) */
  readonly objects: Tensor | undefined;
  /** (regions, attributes) */
  readonly attributes: Tensor | undefined;
  /** (regions, F) */
  readonly features: Tensor | undefined;
  /** (examples, answers) */
  readonly answers: Tensor | undefined;
}

/** The name of the masked-word head's last layer, which is the word embeddings under another name. */
export const TIED_DECODER = 'cls.predictions.decoder.weight';

/** The encoder with all heads of pre-training: masked words, matching, three of masked regions, and answers. */
export class PretrainingModel extends Module {
  readonly encoder: LxmertModel;
  readonly wordHead: MaskedWordHead;
  readonly matchingHead: Linear;
  readonly regionHead: RegionHead;
  readonly answerHead: AnswerHead | undefined;

  constructor(
    readonly config: LxmertConfig,
    readonly classes: PretrainingClasses,
  ) {
    super();
    this.encoder = this.child('bert', new LxmertModel(config));
    this.wordHead = this.child('cls.predictions', new MaskedWordHead(config));
    this.matchingHead = this.child(
      'cls.seq_relationship',
      new Linear(config.hiddenSize, 2, config.initializerRange, { isHead: true }),
    );
    this.regionHead = this.child(
      'obj_predict_head',
      new RegionHead(config, classes.numObjects, classes.numAttributes),
    );
    const { numAnswers } = classes;
    this.answerHead =
      numAnswers === undefined ? undefined : this.child('answer_head', new AnswerHead(config, numAnswers));
  }

  /** The format of the numbers between layers. */
  get precision(): Precision {
    return this.encoder.precision;
  }

  set precision(precision: Precision) {
    this.encoder.precision = precision;
  }

  /**
   * @param places what is predicted of which words, regions and examples
   * @returns logits of that alone, tensors of the caller's
   */
  forward(
    inputs: LxmertInputs,
    places: PredictionPlaces,
    options: { training?: boolean } = {},
  ): PretrainingOutputs {
    return scope(() => {
      const placed = this.encoder.place(inputs);
      return this.forwardPlaced(placed, this.placePredictions(placed, places), options);
    });
  }

  /** Brings what is to be predicted to where the model computes. Call it inside a scope. */
  placePredictions({ sentences, images }: PlacedInputs, places: PredictionPlaces): PlacedPredictions {
    const { device } = this;
    const placed = (rows: Int32Array): Tensor => place(fromTypedArray(rows, [rows.length]), device);
    const { words, objects, attributes, features, answers } = places;
    const wanted = [objects, attributes, features].filter((list) => list !== undefined);
    const union = unionOf(wanted);
    const positions = new Map([...union].map((region, i) => [region, i]));
    const among = (list: Int32Array | undefined): Tensor | null | undefined => {
      if (list === undefined) return undefined;
      if (list.length === union.length) return null;
      return placed(list.map((region) => positions.get(region) ?? 0));
    };
    return {
      words: words && placed(rowsAt(sentences.packing, words)),
      matching: places.matching === true,
      regions: wanted.length === 0 ? undefined : placed(rowsAt(images.packing, union)),
      objects: among(objects),
      attributes: among(attributes),
      features: among(features),
      answers: answers && placed(answers),
    };
  }

  /** As {@link forward}; nothing in it waits for the device. Call it inside a scope. */
  forwardPlaced(
    inputs: PlacedInputs,
    places: PlacedPredictions,
    { training = false }: { training?: boolean } = {},
  ): PretrainingOutputs {
    const { language, vision, pooled } = this.encoder.forwardRows(inputs, { training });
    const wordRows = places.words && ops.indexSelect(language.rows, 0, places.words);
    const answerRows = places.answers && ops.indexSelect(pooled, 0, places.answers);
    const float32 = (logits: Tensor | undefined): Tensor | undefined => logits && ops.to(logits, 'float32');
    return {
      words: float32(wordRows && this.wordHead.forward(wordRows, this.encoder.embeddings.word.weight)),
      matching: places.matching ? float32(this.matchingHead.forward(pooled)) : undefined,
      ...this.#regions(vision.rows, places),
      answers: float32(answerRows && this.answerHead?.forward(answerRows)),
    };
  }

  /** All three run on one transform of the regions that any of them wants. */
  #regions(
    rows: Tensor,
    { regions, objects, attributes, features }: PlacedPredictions,
  ): Pick<PretrainingOutputs, 'objects' | 'attributes' | 'features'> {
    if (regions === undefined) return { objects: undefined, attributes: undefined, features: undefined };
    const transformed = this.regionHead.transform.forward(ops.indexSelect(rows, 0, regions)); // (regions, H)
    const logits = (head: Linear, among: Tensor | null | undefined): Tensor | undefined => {
      if (among === undefined) return undefined;
      const own = among === null ? transformed : ops.indexSelect(transformed, 0, among);
      return ops.to(head.forward(own), 'float32');
    };
    return {
      objects: logits(this.regionHead.objects, objects),
      attributes: logits(this.regionHead.attributes, attributes),
      features: logits(this.regionHead.features, features),
    };
  }

  /**
   * Every tensor of a pre-training file by canonical name, in the reference's order: the parameters, and the word
   * embeddings once more as the masked-word head's last layer.
   */
  checkpointTensors(): Map<string, Tensor> {
    const tensors = new Map<string, Tensor>();
    for (const [name, tensor] of this.namedParameters()) {
      // As in the reference's files, where the tied weight stands behind the head's transform.
      if (name === 'cls.seq_relationship.weight') {
        tensors.set(TIED_DECODER, this.encoder.embeddings.word.weight);
      }
      tensors.set(name, tensor);
    }
    return tensors;
  }
}

/** Each place once, ascending. */
function unionOf(lists: readonly Int32Array[]): Int32Array {
  const [first] = lists;
  if (first !== undefined && lists.every((list) => list === first)) return first;
  return Int32Array.from(new Set(lists.flatMap((list) => [...list]))).sort();
}
