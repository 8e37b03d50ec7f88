/**
 * @file The cache that Python's programs share: `models--org--name/refs/REVISION` names a commit, `snapshots/COMMIT` has the
 * files of it under their names, links to `blobs/ETAG`, which hold the bytes.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, rename, symlink } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import type { HubName } from '../common/hubName.js';
import { refusesLinks } from '../common/links.js';
import { makeFolder } from '../common/makeFolder.js';
import type { HubKind } from '../common/pathSchemas.js';
import { type ChosenFiles, chooseFiles } from './hubFiles.js';
import { isCommit } from './hubListing.js';

/** A model that is there. */
export interface CachedModel {
  readonly name: string;
  readonly commit: string;
  /** The folder of the snapshot. */
  readonly folder: string;
  /** The file of its weights; undefined for an exported folder. */
  readonly weightsFile: string | undefined;
  /** What stands for the model: the folder, or of a folder that is none the file of its weights. */
  readonly path: string;
}

/** Where a model's files are kept. */
export function repositoryFolder(cache: string, name: string): string {
  return path.join(cache, `models--${name.replace('/', '--')}`);
}

export function snapshotFolder(cache: string, name: string, commit: string): string {
  return path.join(repositoryFolder(cache, name), 'snapshots', commit);
}

/** The model as it is in the cache; undefined when it is not, or not whole. */
export function findCached(cache: string, { name, revision = 'main' }: HubName): CachedModel | undefined {
  const commit = isCommit(revision) ? revision : readRef(cache, name, revision);
  if (commit === undefined) return undefined;
  const folder = snapshotFolder(cache, name, commit);
  const chosen = chooseFiles(filesOf(folder));
  return chosen && cachedModel(name, commit, folder, chosen);
}

export function cachedModel(
  name: string,
  commit: string,
  folder: string,
  { weights, isFolder }: ChosenFiles,
): CachedModel {
  const weightsFile = weights === undefined ? undefined : path.join(folder, weights);
  return { name, commit, folder, weightsFile, path: isFolder ? folder : (weightsFile ?? folder) };
}

/** What stands for a model in the place of its name. */
export function pathFor({ path: place, weightsFile, folder }: CachedModel, kind: HubKind): string {
  return kind === 'model' ? place : (weightsFile ?? folder);
}

function readRef(cache: string, name: string, revision: string): string | undefined {
  try {
    const text = readFileSync(refFile(cache, name, revision), 'utf8').trim();
    return isCommit(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function refFile(cache: string, name: string, revision: string): string {
  return path.join(repositoryFolder(cache, name), 'refs', ...revision.split('/'));
}

/** Files by their paths in the snapshot; a link whose blob is gone is none. */
function filesOf(folder: string): string[] {
  const namesIn = (place: string): string[] => {
    try {
      return readdirSync(place);
    } catch {
      return [];
    }
  };
  return ['', 'onnx']
    .flatMap((part) => namesIn(path.join(folder, part)).map((name) => path.posix.join(part, name)))
    .filter((each) => existsSync(path.join(folder, each)));
}

/** Notes which commit a revision is. */
export async function writeRef(
  cache: string,
  { name, revision = 'main' }: HubName,
  commit: string,
): Promise<void> {
  if (isCommit(revision)) return;
  const file = refFile(cache, name, revision);
  await writeFileAtomic(file, commit);
}

/** Gives a blob its name in a snapshot: a link, or, where a system allows none, a copy. */
export async function linkBlob(blob: string, file: string): Promise<void> {
  if (existsSync(file)) return;
  makeFolder(path.dirname(file));
  const own = `${file}.${process.pid}.new`;
  try {
    await symlink(path.relative(path.dirname(file), blob), own);
  } catch (error) {
    if (!refusesLinks(error)) throw error;
    await copyFile(blob, own);
  }
  // In place of a link that leads nowhere, too.
  await rename(own, file);
}

/** A model's name and commit, of a path into the cache; undefined for any other. */
export function hubOriginOf(file: string): { readonly name: string; readonly commit: string } | undefined {
  const [, owner, name, commit] =
    /(?:^|[\\/])models--([\w.-]+?)--([\w.-]+)[\\/]snapshots[\\/]([0-9a-f]{40})(?=[\\/]|$)/.exec(file) ?? [];
  return commit === undefined ? undefined : { name: `${owner}/${name}`, commit };
}

/** For a run's configuration: the models of a hub among its options, by the option; nothing where there are none. */
export function hubOriginsOf(options: Readonly<Record<string, unknown>>): {
  readonly hub?: Readonly<Record<string, { readonly name: string; readonly commit: string }>>;
} {
  const origins = Object.entries(options).flatMap(([key, value]) => {
    const origin = typeof value === 'string' ? hubOriginOf(value) : undefined;
    return origin === undefined ? [] : [[key, origin] as const];
  });
  return origins.length === 0 ? {} : { hub: Object.fromEntries(origins) };
}

/** Names of the models in a cache. */
export function cachedNames(cache: string): string[] {
  try {
    return readdirSync(cache)
      .filter((entry) => /^models--[\w.-]+--[\w.-]+$/.test(entry))
      .map((entry) => entry.slice('models--'.length).replace('--', '/'))
      .sort();
  } catch {
    return [];
  }
}
