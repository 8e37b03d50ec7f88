/** @file What a run that goes on has to agree in with the run it was. */

import { UsageError } from '../../common/errors.js';
import { textOfJson } from '../../common/excerpt.js';
import { type RunConfig, runConfigSchema } from '../runConfig.js';
import type { TrainingState } from './trainingState.js';

/** True for a metrics record of what was done when the snapshot was taken. */
export function isBefore(record: Readonly<Record<string, unknown>>, state: TrainingState): boolean {
  const { step, epoch } = record;
  return typeof step === 'number' ? step <= state.step : typeof epoch === 'number' && epoch < state.epoch;
}

/** The parts of a run's configuration that must stay as they were. */
export type SameRun = Readonly<Record<'model' | 'settings' | 'data', Readonly<Record<string, unknown>>>>;

/** What settings that came with 0.2.0 were before. */
const EARLIER_SETTINGS = { optimizer: 'bertadam', schedule: 'linear', weightDecay: 0.01 };

/**
 * @returns the configuration that the run was started with
 * @throws UsageError that names what differs: a run that goes on with other numbers would be neither of the two
 */
export function requireSameRun(before: unknown, now: SameRun): RunConfig {
  const parsed = runConfigSchema.safeParse(before);
  if (!parsed.success)
    throw new UsageError('The run folder has no configuration that could be gone on with.');
  const settings: Record<string, unknown> = { ...EARLIER_SETTINGS, ...parsed.data.settings };
  const started: SameRun = { model: parsed.data.model ?? {}, settings, data: parsed.data.data };
  for (const part of ['model', 'settings', 'data'] as const) {
    for (const [key, value] of Object.entries(now[part])) {
      const [then, today] = [started[part][key], value].map(textOf);
      if (then !== today) {
        throw new UsageError(
          `The run was started with ${key} = ${then}, but now it is ${today}. Resume with the same settings and data, or start a new run with another --output.`,
        );
      }
    }
  }
  return parsed.data;
}

/** A setting as it is compared and shown; of one that is made of several, their order does not matter. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? textOfJson(value, inOrder) : String(value ?? 'nothing');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
