/** @file A model by its name on a hub: in the cache, else what would have to be fetched, and fetching it. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../common/errors.js';
import { type HubName, hubNameText } from '../common/hubName.js';
import type { Progress } from '../common/progress.js';
import { requireSpace } from '../data/download/diskSpace.js';
import { type FetchOptions, fetchFile } from '../data/download/fetchFile.js';
import { BusyDownload, partPath } from '../data/download/partFile.js';
import {
  type CachedModel,
  cachedModel,
  findCached,
  linkBlob,
  repositoryFolder,
  snapshotFolder,
  writeRef,
} from './hubCache.js';
import { type ChosenFiles, chooseFiles, requireUsualSize } from './hubFiles.js';
import { type ListedFile, listModel } from './hubListing.js';
import { authorization, type HubRequestOptions, meaningOf } from './hubRequest.js';

/** What a model on the hub consists of, and what the cache lacks of it, if anything. */
export interface ModelPlan {
  readonly model: HubName;
  readonly commit: string;
  readonly chosen: ChosenFiles;
  readonly files: readonly ListedFile[];
  /** Those whose bytes are not there. */
  readonly missing: readonly ListedFile[];
  /** Of the missing files. */
  readonly numBytes: number;
  /** What an earlier try left of them. */
  readonly numBytesHere: number;
}

export interface FetchModelOptions extends HubRequestOptions, Pick<FetchOptions, 'freeBytes'> {
  /** A display for each file that is fetched. */
  readonly progressFor?: ((name: string) => Progress & { stop(): void }) | undefined;
}

/** @throws UsageError for a model that is not in the cache while nothing may be fetched */
function requireOnline(model: HubName, { isOffline, cache }: HubRequestOptions['settings']): void {
  if (!isOffline) return;
  throw new UsageError(
    `There is no file or folder '${hubNameText(model)}' here, nor a model of that name in the cache (${cache}), and HF_HUB_OFFLINE is set, so that nothing is fetched.`,
  );
}

/**
 * Asks the hub what a model consists of, and compares it with the cache.
 *
 * @throws as `listModel`, UsageError for a model that holds no weights, LxmertError for files of sizes that no model has
 */
export async function planModel(model: HubName, options: HubRequestOptions): Promise<ModelPlan> {
  const { settings } = options;
  const text = hubNameText(model);
  requireOnline(model, settings);
  const { commit, files: listed } = await listModel(model, options);
  const chosen = chooseFiles(listed.map((file) => file.path));
  if (chosen === undefined) throw noWeights(text, settings.endpoint, listed);
  const files = chosen.paths.map((wanted) => listed.find((file) => file.path === wanted) as ListedFile);
  for (const { path: file, size } of files) requireUsualSize(text, file, size);
  const isHere = ({ path: file, etag }: ListedFile): boolean =>
    existsSync(path.join(snapshotFolder(settings.cache, model.name, commit), file)) ||
    existsSync(blobFile(settings.cache, model, etag));
  const missing = files.filter((file) => !isHere(file));
  return {
    model,
    commit,
    chosen,
    files,
    missing,
    numBytes: sum(missing.map(({ size }) => size)),
    numBytesHere: sum(
      missing.map(({ etag }) => sizeOf(partPath(blobFile(settings.cache, model, etag))) ?? 0),
    ),
  };
}

/**
 * Fetches what a plan lacks. Each file is there whole and checked, or not at all; what an interrupted fetch had is gone on from.
 *
 * @throws LxmertError for what cannot be fetched, UsageError where it may not be read; the signal's reason when aborted
 */
export async function fetchPlanned(plan: ModelPlan, options: FetchModelOptions): Promise<CachedModel> {
  const { model, commit, chosen, files } = plan;
  const { cache } = options.settings;
  const folder = snapshotFolder(cache, model.name, commit);
  for (const file of files) {
    const target = path.join(folder, file.path);
    if (existsSync(target)) continue;
    const blob = blobFile(cache, model, file.etag);
    await fetchBlob(plan, file, blob, options);
    await linkBlob(blob, target);
  }
  await writeRef(cache, model, commit);
  return cachedModel(model.name, commit, folder, chosen);
}

/** Bytes that the plans lack, without what earlier tries left of them. */
export function bytesToFetch(plans: readonly ModelPlan[]): number {
  return sum(plans.map(({ numBytes, numBytesHere }) => Math.max(0, numBytes - numBytesHere)));
}

/** @throws LxmertError when the cache's disk has no room for what the plans lack */
export async function requireRoom(plans: readonly ModelPlan[], cache: string): Promise<void> {
  const names = plans.map(({ model }) => hubNameText(model)).join(' and ');
  await requireSpace(cache, bytesToFetch(plans), names, undefined, 'HF_HUB_CACHE');
}

/**
 * A model's place in the cache, into which it is fetched when it is not there.
 *
 * @throws as {@link planModel} and {@link fetchPlanned}
 */
export async function locateModel(model: HubName, options: FetchModelOptions): Promise<CachedModel> {
  const found = findCached(options.settings.cache, model);
  return found ?? (await fetchPlanned(await planModel(model, options), options));
}

/** Smaller files are there before a bar is. */
const MIN_SHOWN_BYTES = 1e6;

/** Milliseconds between looks at whether another process has finished. */
const WAIT_MS = 500;

async function fetchBlob(
  plan: ModelPlan,
  file: ListedFile,
  blob: string,
  options: FetchModelOptions,
): Promise<void> {
  const { signal, notice } = options;
  for (let numWaits = 0; !existsSync(blob); numWaits++) {
    signal?.throwIfAborted();
    try {
      await fetchOnce(plan, file, blob, options);
    } catch (error) {
      if (!(error instanceof BusyDownload)) throw error;
      if (numWaits === 0) {
        notice?.(
          `Another process (number ${error.holder}) fetches ${file.path} of ${plan.model.name}; waiting for it.`,
        );
      }
      await sleep(WAIT_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}

async function fetchOnce(
  { model, commit }: ModelPlan,
  { path: file, size, sha256, gitBlob }: ListedFile,
  blob: string,
  options: FetchModelOptions,
): Promise<void> {
  const { settings, signal, notice, numAttempts, stallMs, firstWaitMs, freeBytes } = options;
  const name = `${file} of ${model.name}`;
  const display = size < MIN_SHOWN_BYTES ? undefined : options.progressFor?.(path.posix.basename(file));
  try {
    await fetchFile(
      [`${settings.endpoint}/${model.name}/resolve/${commit}/${file}`],
      blob,
      { size, sha256, gitBlob },
      {
        signal,
        notice,
        name,
        headers: authorization(settings),
        wayOut: 'Give the same command again to go on.',
        otherFolder: 'HF_HUB_CACHE',
        onRefused: (answer) => {
          const meaning = meaningOf(hubNameText(model), answer, settings);
          if (meaning !== undefined) throw new UsageError(`${name} cannot be fetched. ${meaning}`);
        },
        progress: display,
        numAttempts,
        stallMs,
        firstWaitMs,
        freeBytes,
      },
    );
  } finally {
    display?.stop();
  }
}

function blobFile(cache: string, { name }: HubName, etag: string): string {
  return path.join(repositoryFolder(cache, name), 'blobs', etag);
}

function noWeights(text: string, endpoint: string, files: readonly ListedFile[]): UsageError {
  const weights = files
    .map((file) => file.path)
    .filter((file) => /\.(pth|pt|bin|safetensors|h5|msgpack)$/.test(file));
  const found =
    weights.length === 0
      ? 'none of its files holds weights'
      : `of its files ${weights.slice(0, 5).join(', ')}${weights.length > 5 ? ', ...' : ''} none is named as the weights of a model are (model.safetensors, pytorch_model.bin), nor is there one alone`;
  return new UsageError(
    `${text} on ${endpoint} is no model that can be loaded: ${found}. Fetch the file that you mean, and name it by its path.`,
  );
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
