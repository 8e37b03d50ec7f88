/** @file Models by their names on a hub, in place of paths: found in the cache, or fetched when a person agrees. */

import { createInterface } from 'node:readline/promises';
import { LxmertError, UsageError } from '../../common/errors.js';
import { type HubName, hubNameOf, hubNameText } from '../../common/hubName.js';
import { formatBytes } from '../../formats/numbers.js';
import {
  bytesToFetch,
  type CachedModel,
  DETECTOR_REMARK,
  type FetchModelOptions,
  fetchPlanned,
  findCached,
  hubSettings,
  type ModelPlan,
  PUBLISHED_DETECTOR,
  pathFor,
  planModel,
  requireRoom,
} from '../../hub/index.js';
import type { CommandContext, NamedModel } from '../command.js';
import { byteDisplay, sayKeptAtInterrupt } from '../terminal/fetchDisplay.js';
import { placeHere } from './findModels.js';

/** How a person is asked. */
export interface Asking {
  /** Given `--yes`. */
  readonly isYes: boolean;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WriteStream;
}

type Shown = Pick<CommandContext<unknown, unknown>, 'notice' | 'progress' | 'signal'>;

/** Finds models, some of which are on a hub. @throws as `FindModels` */
export async function findOnHub(
  named: readonly NamedModel[],
  shown: Shown,
  asking: Asking,
): Promise<string[]> {
  const names = new Map<string, HubName>();
  for (const { text } of named) {
    const name = hubNameOf(text);
    if (name !== undefined) names.set(hubNameText(name), name);
  }
  const found = await findAll([...names.values()], shown, asking);
  const isDetector = ({ text, kind }: NamedModel): boolean =>
    kind === 'detector' && names.get(text)?.name === PUBLISHED_DETECTOR;
  if (named.some(isDetector)) shown.notice(DETECTOR_REMARK);
  return named.map((each) => {
    const model = found.get(each.text);
    return model === undefined ? placeHere(each) : pathFor(model, each.kind);
  });
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
    progressFor: (name) => byteDisplay(shown, name, 'MB'),
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
  for (const plan of plans) found.set(hubNameText(plan.model), await fetchInSight(plan, options, shown));
  for (const [text, { commit }] of found) notice(`${text}: commit ${commit}.`);
  return found;
}

/** Fetches a model, and says at an interrupt what becomes of the beginning. */
async function fetchInSight(plan: ModelPlan, options: FetchModelOptions, shown: Shown): Promise<CachedModel> {
  const stopSaying = sayKeptAtInterrupt(shown);
  try {
    return await fetchPlanned(plan, options);
  } finally {
    stopSaying();
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
  const size = formatBytes(bytesToFetch(wanted));
  const what = `${size} from ${endpoint} into ${cache} (Python's programs share it)`;
  if (isYes) return notice(`Fetching ${what}.`);
  const names = wanted.map(({ model }) => hubNameText(model)).join(' ');
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new UsageError(
      `${size} would have to be fetched from ${endpoint} into ${cache}, and there is no terminal to ask on. Give --yes, or fetch it before with: lxmert download ${names}`,
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
