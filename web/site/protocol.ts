/** @file What the page and its worker say to each other. */

import type { ExplainedRegion } from '../../src/explain/explainedRegions.js';
import type { Explanation } from '../../src/explain/explanation.js';
import type { TakenAway } from '../../src/explain/removal.js';
import type { SiteDescription, StoredRegions } from '../../src/export/site/description.js';
import type { EngineInfo, WeightsPrecision } from '../../src/runtime/index.js';

/** Loads a model; the one before is let go. */
export interface LoadRequest {
  readonly kind: 'load';
  /** Of the page, ending in a slash: a worker's own relative addresses begin at its script. */
  readonly base: string;
  readonly site: SiteDescription;
  readonly precision: WeightsPrecision;
  /** The browser's best when undefined. */
  readonly engine: 'webgpu' | 'wasm' | undefined;
}

/** What regions are found of. */
export interface ToSee {
  /** Regions that were found are kept under it for a while. */
  readonly id: string;
  readonly picture: Blob;
  readonly name: string;
  /** Regions that were found beforehand. */
  readonly stored: StoredRegions | undefined;
}

/** Finds the regions of a picture. */
export interface SeeRequest extends ToSee {
  readonly kind: 'see';
}

/** Answers a question about a picture. */
export interface ExplainRequest {
  readonly kind: 'explain';
  readonly of: ToSee;
  readonly question: string;
}

/** What the answers of a question become without each word and region, or without some of them at once. */
export interface RemoveRequest extends Omit<ExplainRequest, 'kind'> {
  readonly kind: 'remove';
  readonly without?: TakenAway;
}

export type SiteRequest = LoadRequest | SeeRequest | ExplainRequest | RemoveRequest;

export interface Seen {
  readonly width: number;
  readonly height: number;
  readonly regions: readonly ExplainedRegion[];
}

export interface Results {
  readonly load: EngineInfo;
  readonly see: Seen;
  readonly explain: Explanation;
  readonly remove: Explanation['removal'];
}

export interface Loading {
  readonly numBytes: number;
  readonly totalBytes: number;
}

export type SiteReply =
  | { readonly id: number; readonly result: Results[keyof Results] }
  /** Sentences for a visitor. */
  | { readonly id: number; readonly failure: string }
  | { readonly id: number; readonly loading: Loading };
