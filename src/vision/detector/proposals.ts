/** @file What the region proposal network says, and the settings by which proposals are made of it. */

import { LxmertError } from '../../common/errors.js';

/** What the proposal network says of every cell of its map, A anchors a cell. */
export interface RpnOutput {
  readonly height: number;
  readonly width: number;
  /** Logits (2A, height, width): A of "background", then A of "object". */
  readonly scores: Float32Array;
  /** (4A, height, width): dx, dy, dw, dh of anchor 0, of anchor 1, ... */
  readonly deltas: Float32Array;
}

/** The image that the network saw. */
export interface ScaledSize {
  readonly height: number;
  readonly width: number;
  /** Its pixels for one pixel of the original. */
  readonly scale: number;
}

export interface ProposalSettings {
  /** Shortest side of a proposal in pixels of the original image. */
  readonly minSide: number;
  /** Proposals, best first, that suppression sees. */
  readonly maxBefore: number;
  /** Proposals that stay after it. */
  readonly maxAfter: number;
  /** A proposal goes when its overlap with a better one is at least this. */
  readonly overlap: number;
}

/** The original's test settings. */
export const PROPOSAL_SETTINGS: ProposalSettings = {
  minSide: 16,
  maxBefore: 6000,
  maxAfter: 300,
  overlap: 0.7,
};

/** @param logits what the score was made of, where it is known */
export function brokenScore(logits = ''): LxmertError {
  return new LxmertError(
    `The detector's region proposals hold a score that is not a number${logits}. Its weights or the picture's values are broken; convert or download the weights again.`,
  );
}
