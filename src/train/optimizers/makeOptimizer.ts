/** @file The optimizers that `--optimizer` names. */

import { AdamW } from './adamW.js';
import { BertAdam } from './bertAdam.js';
import type { OptimizerFactory } from './optimizer.js';

export const OPTIMIZER_NAMES = ['bertadam', 'adamw'] as const;
export type OptimizerName = (typeof OPTIMIZER_NAMES)[number];

const factories: Readonly<Record<OptimizerName, OptimizerFactory>> = {
  bertadam: (parameters, plan) => new BertAdam(parameters, plan),
  adamw: (parameters, plan) => new AdamW(parameters, plan),
};

/** What makes the optimizer of a name. */
export function optimizerFactory(name: OptimizerName): OptimizerFactory {
  return factories[name];
}
