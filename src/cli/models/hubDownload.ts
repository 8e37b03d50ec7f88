/** @file `lxmert download org/name`: the newest commit of a model on the hub, into the cache. */

import { UsageError } from '../../common/errors.js';
import { type HubName, hubNameOf, hubNameText } from '../../common/hubName.js';
import {
  type FetchModelOptions,
  fetchPlanned,
  hubSettings,
  planModel,
  requireRoom,
} from '../../hub/index.js';

export interface FetchedModel {
  /** As it was named. */
  readonly name: string;
  readonly commit: string;
  /** Where it lies: what `--model` and `--detector` find by the name. */
  readonly path: string;
  readonly status: 'downloaded' | 'there' | 'would-download';
  /** Of all its files. */
  readonly numBytes: number;
}

/** @throws UsageError for a word that names no model, or something that is here */
export function requireHubName(word: string): HubName {
  const name = hubNameOf(word);
  if (name !== undefined) return name;
  throw new UsageError(
    `'${word}' is neither a file or group of --list nor the name of a model on a hub, org/name or org/name@revision; or there is a file or folder of that name here already.`,
  );
}

/** Asks the hub for a revision's commit, whatever the cache has, and fetches what is missing of it. @throws as `planModel` */
export async function fetchNewest(
  name: HubName,
  options: Omit<FetchModelOptions, 'settings'> & { readonly dryRun: boolean },
): Promise<FetchedModel> {
  const settings = hubSettings();
  const plan = await planModel(name, { ...options, settings });
  const numBytes = plan.files.reduce((sum, { size }) => sum + size, 0);
  const about = { name: hubNameText(name), commit: plan.commit, numBytes };
  if (options.dryRun) {
    const status = plan.missing.length === 0 ? 'there' : 'would-download';
    return { ...about, path: settings.cache, status };
  }
  await requireRoom([plan], settings.cache);
  const { path } = await fetchPlanned(plan, { ...options, settings });
  return { ...about, path, status: plan.missing.length === 0 ? 'there' : 'downloaded' };
}
