/** @file What the server's main thread and its workers say to each other. */

import type { FeatureRow } from '../../features/row.js';
import type { LookedAtRegion } from '../../inference/look.js';
import type { LxmertSource } from '../../inference/lxmert.js';
import type { RankedAnswer } from '../../tasks/predictAnswers.js';

/** A picture after one look, as it travels. */
export interface SeenPicture {
  readonly row: FeatureRow;
  readonly regions: readonly LookedAtRegion[];
}

export interface AskedQuestion {
  /** Questions of one key are about one image. */
  readonly imageKey: string;
  readonly row: FeatureRow;
  readonly question: string;
  readonly topK: number;
}

export type Job =
  | { readonly kind: 'look'; readonly bytes: Uint8Array }
  | { readonly kind: 'describe'; readonly row: FeatureRow }
  | { readonly kind: 'answer'; readonly questions: readonly AskedQuestion[] };

export interface JobResults {
  readonly look: SeenPicture;
  readonly describe: SeenPicture;
  readonly answer: readonly (readonly RankedAnswer[])[];
}

export interface WorkerSetup {
  readonly source: LxmertSource;
}

/** What a model and its detector are; for `GET /v1/models`. */
export interface ModelFacts {
  readonly weightsFiles: readonly string[];
  readonly numAnswers: number;
  readonly maxLength: number;
  readonly featureSize: number;
  readonly detector: Readonly<Record<string, string | number | boolean | null>> | null;
  /** True when a bare picture can be looked at. */
  readonly seesPictures: boolean;
  readonly warnings: readonly string[];
}

export type ToWorker = { readonly id: number; readonly job: Job };

export type FromWorker =
  | { readonly kind: 'ready'; readonly facts: ModelFacts }
  | { readonly kind: 'failed'; readonly message: string; readonly isUsage: boolean }
  | { readonly kind: 'result'; readonly id: number; readonly result: JobResults[keyof JobResults] }
  /** `isClients`: what the client gave is at fault. */
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly isClients: boolean };
