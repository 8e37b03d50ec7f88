/** @file Models and detectors by their names on a hub, for programs: paths stay as they are. */

import { hubNameOf } from '../common/hubName.js';
import type { Progress } from '../common/progress.js';
import { weightsStoodFor } from '../common/savedFiles.js';
import { DETECTOR_REMARK, hubSettings, locateModel, PUBLISHED_DETECTOR, pathFor } from '../hub/index.js';

/** How models that are named are found on a hub. */
export interface HubOptions {
  /** Takes what is in the cache and fetches nothing. Default: what `HF_HUB_OFFLINE` says. */
  readonly offline?: boolean | undefined;
  /** Told bytes done and bytes in all of each file that is fetched. */
  readonly progress?: Progress | undefined;
  /** Told of what is waited for, as a sentence. */
  readonly notice?: ((line: string) => void) | undefined;
  /** Ends a fetch; what was fetched is kept for the next. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The path of a model: of `org/name` or `org/name@revision` the place in the cache that Python's programs share, into which it is
 * fetched when it is not there; of anything else, and of what is a file or folder here, the path itself.
 *
 * ```ts
 * const checkpoint = await CheckpointFile.open(await findNamedModel('unc-nlp/lxmert-vqa-uncased'));
 * ```
 *
 * @throws UsageError for a name that the hub does not have or may not give, LxmertError when it cannot be fetched; the signal's
 * reason when aborted
 */
export async function findNamedModel(model: string, options: HubOptions = {}): Promise<string> {
  return (await find(model, options))?.path ?? model;
}

/** The same of a detector: the file of its weights. @throws as {@link findNamedModel} */
export async function findNamedDetector(
  detector: string,
  options: HubOptions = {},
  say: (line: string) => void = () => undefined,
): Promise<string> {
  const found = await find(detector, options);
  if (found?.name === PUBLISHED_DETECTOR) say(DETECTOR_REMARK);
  return found === undefined ? weightsStoodFor(detector) : pathFor(found, 'detector');
}

async function find(reference: string, { offline, progress, notice, signal }: HubOptions) {
  const name = hubNameOf(reference);
  if (name === undefined) return undefined;
  const stated = hubSettings();
  return await locateModel(name, {
    settings: { ...stated, isOffline: offline ?? stated.isOffline },
    notice,
    signal,
    progressFor:
      progress && (() => ({ update: (done, total) => progress.update(done, total), stop: () => undefined })),
  });
}
