/** @file A model with the values of a weights file, ready to predict. */

import { type CheckpointFile, type LoadOptions, loadWeights } from '../checkpoint/index.js';
import {
  type AnsweringModel,
  type AnsweringPrecision,
  packAsLoaded,
  useForInference,
  withoutDrawing,
} from '../model/index.js';
import type { Device } from '../torch/index.js';

export interface ModelOfWeightsOptions extends Pick<LoadOptions, 'only'> {
  /** Default float32. */
  readonly precision?: AnsweringPrecision | undefined;
  /** Default: the processor. */
  readonly device?: Device | undefined;
  /** Packs each weight for the processor as it is read, so that the whole model is never in memory in float32. */
  readonly packsAsLoaded?: boolean;
}

/**
 * @param make the model, whose first values are not drawn
 * @returns with what is unusual about the values, as sentences
 * @throws CheckpointError when a tensor of the model is missing in the file, or its values are not numbers
 */
export function modelOfWeights<Model extends AnsweringModel>(
  checkpoint: CheckpointFile,
  make: () => Model,
  { precision = 'float32', device = 'cpu', packsAsLoaded = false, only }: ModelOfWeightsOptions,
): { readonly model: Model; readonly notes: readonly string[] } {
  const model = withoutDrawing(make);
  try {
    const packs = packsAsLoaded && device === 'cpu' && (precision === 'float32' || precision === 'int8');
    const { notes } = loadWeights(checkpoint, model.namedParameters(), {
      require: 'all',
      ...(only && { only }),
      ...(packs ? { onLoaded: packAsLoaded(model, precision) } : {}),
    });
    useForInference(model, precision, device);
    return { model, notes };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
