/** @file Several published files into one folder: what is there already, what is missing, and getting that. */

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { LxmertError, messageOf } from '../../common/errors.js';
import type { Progress } from '../../common/progress.js';
import { type DownloadFile, expectedBytes } from './catalogue.js';
import { type Checked, checkedBy, existingSize, findFileProblem } from './checks.js';
import { requireSpace } from './diskSpace.js';
import { type FetchOptions, fetchFile } from './fetchFile.js';
import { findParts, joinParts } from './joinParts.js';
import { withMirrors } from './mirrors.js';
import { partPath } from './partFile.js';

export interface DownloadOptions extends Omit<FetchOptions, 'progress'> {
  /** Fetch what is there already, too. */
  readonly force?: boolean;
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean;
  /** Addresses that are tried first; a file's path follows them. */
  readonly mirrors?: readonly string[];
  /** A display for each file that is worked on. */
  readonly progressFor?: (name: string) => Progress & { stop(): void };
}

/** `there`: nothing to do; `joined`: from parts that lay there; `would-...`: under `dryRun`. */
export type DownloadStatus = 'downloaded' | 'there' | 'joined' | 'would-download' | 'would-join' | 'failed';

export interface DownloadedFile {
  readonly name: string;
  readonly path: string;
  readonly status: DownloadStatus;
  /** Bytes of the file; what is expected when it is not there, and null when nobody knows. */
  readonly numBytes: number | null;
  /** What the file was compared with: a checksum, a size, or only the form that its name promises. */
  readonly checked: Checked | null;
  /** Why it failed, as sentences; null otherwise. */
  readonly problem: string | null;
}

/**
 * Gets `files` into `folder`, one after the other. A file that fails does not keep the others from coming.
 *
 * @throws UsageError for a mirror that is no address; LxmertError when the disk has no room for what is missing; the
 *   signal's reason when aborted.
 */
export async function download(
  files: readonly DownloadFile[],
  folder: string,
  options: DownloadOptions = {},
): Promise<DownloadedFile[]> {
  // A wrong mirror is wrong use, to be said before any work.
  withMirrors([], 'x', options.mirrors);
  const plans: Plan[] = [];
  for (const file of files) plans.push(await planFile(file, path.join(folder, file.path), options));
  if (options.dryRun === true) return plans.map(describePlan);
  await requireRoom(plans, folder, options);
  const results: DownloadedFile[] = [];
  for (const plan of plans) {
    options.signal?.throwIfAborted();
    results.push(await carryOut(plan, options));
  }
  return results;
}

interface Plan {
  readonly file: DownloadFile;
  readonly target: string;
  readonly action: 'nothing' | 'join' | 'fetch' | 'refuse';
  readonly parts: readonly string[];
  readonly problem: string | null;
  /** Bytes at hand: of the file, or of its unfinished part. */
  readonly numBytes: number;
}

async function planFile(file: DownloadFile, target: string, options: DownloadOptions): Promise<Plan> {
  const size = await existingSize(target);
  const plan = { file, target, parts: [], problem: null, numBytes: size ?? 0 };
  if (options.force === true) return { ...plan, action: 'fetch', numBytes: 0 };
  if (size !== undefined) {
    const problem = await findFileProblem(target, path.basename(target), file, options.signal);
    if (problem === undefined) return { ...plan, action: 'nothing' };
    return {
      ...plan,
      action: 'refuse',
      problem: `${target} is there already, but it ${problem}. Use --force to download it again.`,
    };
  }
  // Parts of a list entry have names of their own there, and are fetched like files.
  const parts = file.parts === undefined ? await findParts(target) : [];
  if (parts.length > 0) return { ...plan, action: 'join', parts };
  return { ...plan, action: 'fetch', numBytes: (await existingSize(partPath(target))) ?? 0 };
}

function describePlan({ file, target, action, problem, numBytes }: Plan): DownloadedFile {
  const status = { nothing: 'there', join: 'would-join', fetch: 'would-download', refuse: 'failed' } as const;
  return {
    name: file.name,
    path: target,
    status: status[action],
    numBytes: action === 'nothing' || action === 'refuse' ? numBytes : (expectedBytes(file) ?? null),
    checked: action === 'nothing' ? checkedBy(file) : null,
    problem,
  };
}

async function requireRoom(plans: readonly Plan[], folder: string, options: DownloadOptions): Promise<void> {
  const missing = plans.filter((plan) => plan.action === 'fetch');
  const needed = missing.map(({ file, numBytes }) => {
    const expected = expectedBytes(file) ?? 0;
    // Parts and what they are joined to are on the disk together.
    return Math.max(0, expected - numBytes) + (file.parts === undefined ? 0 : expected);
  });
  const sum = needed.reduce((total, each) => total + each, 0);
  if (sum === 0) return;
  const what = missing.length === 1 ? missing[0]!.file.name : `These ${missing.length} files`;
  await requireSpace(folder, sum, what, options.freeBytes);
}

async function carryOut(plan: Plan, options: DownloadOptions): Promise<DownloadedFile> {
  if (plan.action === 'nothing' || plan.action === 'refuse') return describePlan(plan);
  const { file, target } = plan;
  const display = options.progressFor?.(path.basename(target));
  const settings = { ...options, progress: display };
  const base = { name: file.name, path: target, checked: checkedBy(file), problem: null };
  try {
    if (plan.action === 'join')
      return { ...base, status: 'joined', numBytes: await joinParts(plan.parts, target, file, settings) };
    if (file.parts !== undefined)
      return { ...base, status: 'downloaded', numBytes: await fetchParts(file, target, settings) };
    const urls = withMirrors(file.urls, file.path, options.mirrors);
    const { numBytes } = await fetchFile(urls, target, file, settings);
    return { ...base, status: 'downloaded', numBytes };
  } catch (error) {
    if (options.signal?.aborted === true || !(error instanceof LxmertError)) throw error;
    return { ...base, status: 'failed', numBytes: null, checked: null, problem: messageOf(error) };
  } finally {
    display?.stop();
  }
}

/** Fetches every part that is not there yet, then joins them. */
async function fetchParts(
  file: DownloadFile,
  target: string,
  options: DownloadOptions & FetchOptions,
): Promise<number> {
  const paths: string[] = [];
  for (const part of file.parts ?? []) {
    const partTarget = target + part.suffix;
    paths.push(partTarget);
    if (options.force === true) await rm(partTarget, { force: true });
    const isThere =
      (await existingSize(partTarget)) !== undefined &&
      (await findFileProblem(partTarget, path.basename(partTarget), part, options.signal)) === undefined;
    if (isThere) continue;
    await fetchFile(
      withMirrors(part.urls, file.path + part.suffix, options.mirrors),
      partTarget,
      part,
      options,
    );
  }
  return await joinParts(paths, target, file, options);
}
