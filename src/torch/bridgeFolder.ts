/**
 * @file Where the built bridge lies: in a clone beside its sources, of an installed package in the user's cache,
 * since node_modules is npm's and may not be writable.
 */

import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeFileAtomically } from '../common/atomicFile.js';
import { isInstalled } from '../common/installation.js';
import { packageRoot, version } from '../common/version.js';

/** The version of Node-API that native/ is compiled for: one bridge serves every Node.js that has it. */
const NODE_API = 'napi8';

/** A folder for a bridge. */
export interface BridgePlace {
  readonly folder: string;
  /** In the user's cache, where only what is loaded is kept. */
  readonly isCached: boolean;
}

/** The bridge's folder: in the package where there is one (or will be), else the one in the cache that was made last. */
export function bridgeFolder(root = packageRoot()): string {
  const own = ownFolder(root);
  if (!belongsInCache(root) || existsSync(own)) return own;
  const cache = cacheFolder(root);
  const choice = choiceFile(cache);
  return path.join(cache, existsSync(choice) ? readFileSync(choice, 'utf8').trim() : 'libtorch');
}

/** Where a bridge for a version of libtorch is to be built. */
export function placeForBridge(libtorchVersion: string, root = packageRoot()): BridgePlace {
  if (!belongsInCache(root)) return { folder: ownFolder(root), isCached: false };
  const name = `libtorch-${libtorchVersion.replaceAll(/[^\w.+-]/g, '_')}`;
  return { folder: path.join(cacheFolder(root), name), isCached: true };
}

/** Makes the bridge in a place the one that is loaded from now on. */
export function chooseBridge({ folder, isCached }: BridgePlace): void {
  if (!isCached) return;
  mkdirSync(path.dirname(folder), { recursive: true });
  writeFileAtomically(choiceFile(path.dirname(folder)), `${path.basename(folder)}\n`);
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
  // Relative paths in this variable are to be ignored (XDG Base Directory Specification).
  const named = process.env.XDG_CACHE_HOME ?? '';
  const caches = path.isAbsolute(named) ? named : path.join(os.homedir(), '.cache');
  const machine = `${process.platform}-${process.arch}`;
  return path.join(caches, 'lxmert', `${version()}-${machine}-${NODE_API}-${sourcesHash(root)}`);
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
