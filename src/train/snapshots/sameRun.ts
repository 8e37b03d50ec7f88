/** @file What a run that goes on has to agree in with the run it was. */

import { UsageError } from '../../common/errors.js';
import { textOfJson } from '../../common/excerpt.js';
import { kebabCase } from '../../common/kebabCase.js';
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

/** Flags whose names are not those of the settings. */
const FLAGS: Readonly<Record<string, string>> = {
  numEpochs: '--epochs',
  numLanguageLayers: '--language-layers',
  numVisionLayers: '--vision-layers',
  numCrossLayers: '--cross-layers',
  numAttentionHeads: '--attention-heads',
  hiddenDropout: '--dropout',
  attentionDropout: '--dropout',
  vocabSize: '--vocab',
  visualFeatureSize: '--features',
  numAnswers: '--answers',
  accumulationSteps: '--accumulation-steps',
  trainingQuestions: '--train',
  trainingSentences: '--train',
  validationQuestions: '--valid',
  validationSentences: '--valid',
};

/** Settings that flags of the same name give. */
const SAME_NAMES = new Set([
  ...['hiddenSize', 'initializerRange', 'batchSize', 'learningRate', 'warmupRatio', 'clipNorm', 'seed'],
  ...['precision', 'maxLength', 'optimizer', 'schedule', 'weightDecay', 'loss', 'qaFromEpoch'],
]);

/** What follows from other settings, and would only repeat what is said of them. */
const FOLLOWS: Readonly<Record<string, string>> = {
  intermediateSize: 'hiddenSize',
  attentionDropout: 'hiddenDropout',
};

/**
 * A run may go on for more epochs than it was started for; all else stays.
 *
 * @returns the configuration that the run was started with
 * @throws UsageError that names all that differs, each with its flag: a run that goes on with other numbers would be
 *   neither of the two
 */
export function requireSameRun(before: unknown, now: SameRun): RunConfig {
  const parsed = runConfigSchema.safeParse(before);
  if (!parsed.success)
    throw new UsageError('The run folder has no configuration that could be gone on with.');
  const settings: Record<string, unknown> = { ...EARLIER_SETTINGS, ...parsed.data.settings };
  const started: SameRun = { model: parsed.data.model ?? {}, settings, data: parsed.data.data };
  const differences = new Map<string, string>();
  for (const part of ['model', 'settings', 'data'] as const) {
    for (const [key, value] of Object.entries(now[part])) {
      const then = started[part][key];
      if (textOf(then) === textOf(value) || (key === 'numEpochs' && isMore(value, then))) continue;
      differences.set(key, `${key} = ${textOf(then)}, but now it is ${textOf(value)}${flagOf(key)}`);
    }
  }
  const causes = [...differences]
    .filter(([key]) => !differences.has(FOLLOWS[key] ?? ''))
    .map(([, text]) => text);
  if (causes.length === 0) return parsed.data;
  const what = causes.length === 1 ? ` ${causes[0]}.` : `\n  ${causes.join('\n  ')}\n`;
  throw new UsageError(
    `The run was started with${what}${causes.length === 1 ? ' ' : ''}Resume with the same settings and data (only --epochs may be raised), or start a new run with another --output.`,
  );
}

function isMore(now: unknown, then: unknown): boolean {
  return typeof now === 'number' && typeof then === 'number' && now > then;
}

/** ` (--batch-size)`; nothing where no flag gives it. */
function flagOf(key: string): string {
  const flag = FLAGS[key] ?? (SAME_NAMES.has(key) ? `--${kebabCase(key)}` : undefined);
  return flag === undefined ? '' : ` (${flag})`;
}

/** A setting as it is compared and shown; of one that is made of several, their order does not matter. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? textOfJson(value, inOrder) : String(value ?? 'nothing');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
