/** @file Models by their names on a hub, in place of paths: found in the cache, or fetched when a person agrees. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { LxmertError, UsageError } from '../common/errors.js';
import { type HubName, hubNameOf, hubNameText } from '../common/hubName.js';
import { SAVED_WEIGHTS } from '../common/savedFiles.js';
import { formatBytes } from '../formats/numbers.js';
import {
  type CachedModel,
  DETECTOR_REMARK,
  type FetchModelOptions,
  fetchPlanned,
  findCached,
  hubSettings,
  type ModelPlan,
  PUBLISHED_DETECTOR,
  planModel,
  requireRoom,
} from '../hub/index.js';
import type { Command, CommandContext, Values } from './command.js';
import type { FindModels, NamedModel } from './findModels.js';
import { megabytes } from './hubDownload.js';
import { parametersOf } from './options.js';

/** How a person is asked. */
export interface Asking {
  /** Given `--yes`. */
  readonly isYes: boolean;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WriteStream;
}

type Shown = Pick<CommandContext<unknown, unknown>, 'notice' | 'progress' | 'signal'>;

export function modelFinder(shown: Shown, asking: Asking): FindModels {
  return async (named) => {
    const names = new Map<string, HubName>();
    for (const { text } of named) {
      const name = hubNameOf(text);
      if (name !== undefined) names.set(hubNameText(name), name);
    }
    const found =
      names.size === 0 ? new Map<string, CachedModel>() : await findAll([...names.values()], shown, asking);
    const isDetector = ({ text, kind }: NamedModel): boolean =>
      kind === 'detector' && names.get(text)?.name === PUBLISHED_DETECTOR;
    if (named.some(isDetector)) shown.notice(DETECTOR_REMARK);
    return named.map(({ text, kind }) => {
      const model = found.get(text);
      if (model === undefined) return kind === 'model' ? text : weightsIn(text);
      return kind === 'model' ? model.path : (model.weightsFile ?? model.folder);
    });
  };
}

/** Replaces every model among validated values by where it lies. */
export async function withModelsFound(
  command: Pick<Command, 'arguments' | 'options'>,
  given: { readonly arguments: Values; readonly options: Values },
  find: FindModels,
): Promise<{ arguments: Values; options: Values }> {
  const result = { arguments: { ...given.arguments }, options: { ...given.options } };
  const named: NamedModel[] = [];
  const places: ((path: string) => void)[] = [];
  for (const part of ['arguments', 'options'] as const) {
    for (const { key, hubKind } of parametersOf(command[part])) {
      const value = result[part][key];
      if (hubKind === undefined || value === undefined) continue;
      const list = [value].flat().map(String);
      if (Array.isArray(value)) result[part][key] = list;
      list.forEach((text, i) => {
        named.push({ text, kind: hubKind });
        places.push((found) => {
          if (Array.isArray(value)) list[i] = found;
          else result[part][key] = found;
        });
      });
    }
  }
  if (named.length === 0) return given;
  for (const [i, found] of (await find(named)).entries()) places[i]?.(found);
  return result;
}

/** Of a folder that `save_pretrained` wrote its weights; all else as it is. */
function weightsIn(text: string): string {
  if (!statSync(text, { throwIfNoEntry: false })?.isDirectory()) return text;
  return SAVED_WEIGHTS.map((name) => path.join(text, name)).find((file) => existsSync(file)) ?? text;
}

async function findAll(
  models: readonly HubName[],
  shown: Shown,
  asking: Asking,
): Promise<Map<string, CachedModel>> {
  const settings = hubSettings();
  const { signal, notice } = shown;
  const options: FetchModelOptions = {
    settings,
    signal,
    notice,
    progressFor: (name) => megabytes(shown, name),
  };
  const found = new Map<string, CachedModel>();
  const plans: ModelPlan[] = [];
  for (const model of models) {
    const cached = findCached(settings.cache, model);
    if (cached === undefined) plans.push(await planModel(model, options));
    else found.set(hubNameText(model), cached);
  }
  if (plans.some(({ missing }) => missing.length > 0)) {
    await agree(plans, settings, shown, asking);
    await requireRoom(plans, settings.cache);
  }
  for (const plan of plans) found.set(hubNameText(plan.model), await fetchInSight(plan, options));
  for (const [text, { commit }] of found) notice(`${text}: commit ${commit}.`);
  return found;
}

/** Fetches a model, and says at an interrupt what becomes of the beginning. */
async function fetchInSight(plan: ModelPlan, options: FetchModelOptions): Promise<CachedModel> {
  const sayKept = (): void =>
    options.notice?.('What was fetched so far is kept; the same command goes on from there.');
  options.signal?.addEventListener('abort', sayKept);
  try {
    return await fetchPlanned(plan, options);
  } finally {
    options.signal?.removeEventListener('abort', sayKept);
  }
}

/** @throws UsageError where nobody can be asked, LxmertError when a person does not want it */
async function agree(
  plans: readonly ModelPlan[],
  { endpoint, cache }: { readonly endpoint: string; readonly cache: string },
  { notice, signal }: Shown,
  { isYes, stdin, stderr }: Asking,
): Promise<void> {
  const wanted = plans.filter(({ missing }) => missing.length > 0);
  for (const plan of wanted) notice(describePlan(plan));
  const numBytes = wanted.reduce((sum, plan) => sum + plan.numBytes - plan.numBytesHere, 0);
  const what = `${formatBytes(numBytes)} from ${endpoint} into ${cache} (Python's programs share it)`;
  if (isYes) return notice(`Fetching ${what}.`);
  const names = wanted.map(({ model }) => hubNameText(model)).join(' ');
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new UsageError(
      `${formatBytes(numBytes)} would have to be fetched from ${endpoint} into ${cache}, and there is no terminal to ask on. Give --yes, or fetch it before with: lxmert download ${names}`,
    );
  }
  if (!(await isAnsweredYes(`Fetch ${what}? [y/N] `, { stdin, stderr, signal }))) {
    throw new LxmertError('Nothing was fetched.');
  }
}

function describePlan({ model, commit, missing, numBytes, numBytesHere }: ModelPlan): string {
  const largest = missing.toSorted((a, b) => b.size - a.size).slice(0, 3);
  const files = largest.map((file) => `${file.path} ${formatBytes(file.size)}`).join(', ');
  const more = missing.length > largest.length ? ` and ${missing.length - largest.length} more` : '';
  const here = numBytesHere > 0 ? `; ${formatBytes(numBytesHere)} are there already` : '';
  return `${hubNameText(model)} (commit ${commit}) has ${formatBytes(numBytes)} to fetch: ${files}${more}${here}.`;
}

async function isAnsweredYes(
  question: string,
  { stdin, stderr, signal }: Pick<Asking, 'stdin' | 'stderr'> & { readonly signal: AbortSignal },
): Promise<boolean> {
  // Not raw: Ctrl-C goes to the process, as everywhere else.
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(question, { signal }), ended]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    lines.close();
  }
}
