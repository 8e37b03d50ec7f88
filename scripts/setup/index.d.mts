/** @file Types of index.mjs for the command that calls it. */

import type { Libtorch } from './find-libtorch.mjs';

/** A failure that its message explains, with the way out. */
export class SetupError extends Error {}

export interface Surroundings {
  /** Change nothing, say what would be done. */
  readonly isCheck: boolean;
  /** What a person runs to get here again. */
  readonly command: string;
  say(line: string): void;
}

/** Where a bridge lies; a cached one without what Ninja needs to go on. */
export interface BridgePlace {
  readonly folder: string;
  readonly isCached: boolean;
}

export interface PreparedSystem {
  /** null only after a check. */
  readonly libtorch: Libtorch | null;
  /** Debian packages that were or are missing. */
  readonly missing: readonly string[];
  readonly isReady: boolean;
}

export function prepareSystem(surroundings: Surroundings): PreparedSystem;
export function prepareBridge(libtorch: Libtorch, place: BridgePlace, surroundings: Surroundings): boolean;
