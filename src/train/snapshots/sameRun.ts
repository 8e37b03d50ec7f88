/** @file What a run that goes on has to agree in with the run it was. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import type { TrainingState } from './trainingState.js';

/** True for a metrics record of what was done when the snapshot was taken. */
export function isBefore(record: Readonly<Record<string, unknown>>, state: TrainingState): boolean {
  const { step, epoch } = record;
  return typeof step === 'number' ? step <= state.step : typeof epoch === 'number' && epoch < state.epoch;
}

const sameRunSchema = z.object({
  /** Absent for a model that is no LXMERT. */
  model: z.record(z.string(), z.unknown()).default({}),
  settings: z.record(z.string(), z.unknown()),
  data: z.record(z.string(), z.unknown()),
});

/** What settings that came with 0.2.0 were before. */
const EARLIER_SETTINGS = { optimizer: 'bertadam', schedule: 'linear', weightDecay: 0.01 };

/** @throws UsageError that names what differs: a run that goes on with other numbers would be neither of the two */
export function requireSameRun(before: unknown, now: z.output<typeof sameRunSchema>): void {
  const parsed = sameRunSchema.safeParse(before);
  if (!parsed.success)
    throw new UsageError('The run folder has no configuration that could be gone on with.');
  const settings: Record<string, unknown> = { ...EARLIER_SETTINGS, ...parsed.data.settings };
  const started = { ...parsed.data, settings };
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
}

/** A setting as it is compared and shown; some are made of several. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
