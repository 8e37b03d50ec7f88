/** @file Whether features are those that a model was trained on, whatever runs the model. */

import { LxmertError } from '../common/errors.js';
import {
  assertCompatible,
  type FeatureRow,
  featureSizeOf,
  type Provenance,
  type ProvenancedFeatures,
} from '../features/portable.js';

/** What a model reads. */
export interface ReadFeatures {
  readonly featureSize: number | undefined;
  /** The detector whose features it was trained on; undefined when nothing says. */
  readonly trainedOn: Provenance | undefined;
}

/** Compares what a model is given with what it was trained on, and keeps what a person should know of it. */
export class FeatureCheck {
  readonly #model: ReadFeatures;
  readonly #allowOtherFeatures: boolean;
  readonly #warnings: string[] = [];

  constructor(model: ReadFeatures, allowOtherFeatures: boolean) {
    this.#model = model;
    this.#allowOtherFeatures = allowOtherFeatures;
  }

  /** Each once: what could not be compared, or differs and was allowed. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /**
   * @param path what the features are called in messages
   * @throws LxmertError for features of another size or, unless allowed, of another origin
   */
  requireOrigin(path: string, featureSize: number, provenance: Provenance): void {
    this.require({ featureSize, origins: [{ path, provenance }] });
  }

  /** The same of features of several origins. */
  require(found: ProvenancedFeatures): void {
    const { featureSize: wantedSize = null, trainedOn = null } = this.#model;
    const warnings = assertCompatible(
      found,
      { featureSize: wantedSize, provenance: trainedOn },
      {
        allowMismatch: this.#allowOtherFeatures,
        wayOut: 'pass --allow-other-features (in JavaScript: allowOtherFeatures)',
      },
    );
    for (const warning of warnings) {
      if (!this.#warnings.includes(warning)) this.#warnings.push(warning);
    }
  }

  /** @throws LxmertError as {@link requireOrigin}; without a provenance only the size is compared */
  requireRow(row: FeatureRow, provenance: Provenance | undefined): void {
    const size = this.#model.featureSize;
    if (row.numBoxes === 0) {
      throw new LxmertError(`Image ${row.imageId} has no region, and the model answers from regions.`);
    }
    if (featureSizeOf(row) !== size) {
      throw new LxmertError(
        `The model reads ${size} values for each region, and these features have ${featureSizeOf(row)}. Use the features that the model was trained on.`,
      );
    }
    if (provenance !== undefined) this.requireOrigin('The regions', size, provenance);
  }
}
