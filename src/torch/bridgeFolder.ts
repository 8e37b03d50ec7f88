/**
 * @file Where the built bridge lies: in a clone beside its sources, of an installed package in the user's cache,
 * since node_modules is npm's and may not be writable.
 */

import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import { isInstalled } from '../common/installation.js';
import { userCacheFolder } from '../common/userCache.js';
import { packageRoot, version } from '../common/version.js';

/** The version of Node-API that native/ is compiled for: one bridge serves every Node.js that has it. */
const NODE_API = 'napi8';

/** A folder for a bridge. */
export interface BridgePlace {
  readonly folder: string;
  /** In the user's cache, where only what is loaded is kept. */
  readonly isCached: boolean;
}

/** Where the bridge is, or would be: the one that was made last, which a clone has beside its sources. */
export function bridgeFolder(root = packageRoot()): string {
  if (!belongsInCache(root)) return ownFolder(root);
  const cache = cacheFolder(root);
  const choice = choiceFile(cache);
  if (existsSync(choice)) return path.join(cache, readFileSync(choice, 'utf8').trim());
  // A clone that another user set up.
  return existsSync(ownFolder(root)) ? ownFolder(root) : path.join(cache, 'libtorch');
}

/** Where a bridge for a version of libtorch is to be built. */
export function placeForBridge(libtorchVersion: string, root = packageRoot()): BridgePlace {
  if (!belongsInCache(root)) return { folder: ownFolder(root), isCached: false };
  const name = `libtorch-${libtorchVersion.replaceAll(/[^\w.+-]/g, '_')}`;
  return { folder: path.join(cacheFolder(root), name), isCached: true };
}

/** Makes the bridge in a place the one that is loaded from now on. */
export async function chooseBridge({ folder, isCached }: BridgePlace): Promise<void> {
  if (isCached) await writeFileAtomic(choiceFile(path.dirname(folder)), `${path.basename(folder)}\n`);
}

function ownFolder(root: string): string {
  return path.join(root, 'build/native');
}

function choiceFile(cache: string): string {
  return path.join(cache, 'chosen');
}

function belongsInCache(root: string): boolean {
  if (isInstalled(root)) return true;
  try {
    accessSync(root, constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

/** As in `~/.cache/lxmert/0.2.0-linux-x64-napi8-4c1f0a9be77d`: bridges of the same sources, one for each libtorch. */
function cacheFolder(root: string): string {
  const machine = `${process.platform}-${process.arch}`;
  return path.join(userCacheFolder(), `${version()}-${machine}-${NODE_API}-${sourcesHash(root)}`);
}

/** Tells packages of one version with different sources apart, as they are between two releases. */
function sourcesHash(root: string): string {
  const folder = path.join(root, 'native');
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/\.(cc|h|txt)$/.test(name)) hash.update(`${name}\0`).update(readFileSync(path.join(folder, name)));
  }
  return hash.digest('hex').slice(0, 12);
}
