/** @file What a worker needs of a model, whatever computes it. */

import type { Explanation } from '../../explain/explanation.js';
import type { ProvenancedFeatures } from '../../features/portable.js';
import type { Answered, AskedQuestion, ModelFacts, SeenPicture, ToExplain } from './protocol.js';

/** A model that is loaded, or several whose probabilities are averaged. */
export interface ServedModel {
  /** What is known of it, but for the name that it is served by and what it sees with. */
  readonly facts: Omit<ModelFacts, 'name' | 'detector' | 'seesPictures' | 'isOfSampleWorld'>;
  /** What finds the regions of bare pictures; undefined where nothing does. */
  readonly sight: Pick<ModelFacts, 'detector' | 'isOfSampleWorld'> | undefined;
  /** The regions that it finds, or was trained on. */
  readonly regions: ProvenancedFeatures;

  /**
   * For a model that is to read the regions that another one finds.
   *
   * @throws LxmertError when it was trained on features of another size or, unless allowed, of another origin
   */
  requireFeatures(found: ProvenancedFeatures): void;

  /** @throws LxmertError for what is no picture, or has no region */
  detectRegions(picture: Uint8Array): Promise<SeenPicture>;

  /** What each question is answered; those about one image are given its rows once. */
  answer(questions: readonly AskedQuestion[]): Promise<readonly Answered[]>;

  explain(asked: ToExplain): Promise<Explanation>;
}
