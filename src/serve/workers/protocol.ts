/** @file What the server's main thread and its workers say to each other. */

import type { Explanation } from '../../explain/explanation.js';
import type { ExplanationMethod, TakenAway } from '../../explain/removal.js';
import type { FeatureRow } from '../../features/files.js';
import type { ProvenancedFeatures } from '../../features/portable.js';
import type { ImageRegion } from '../../inference/imageRegions.js';
import type { LxmertSource } from '../../inference/lxmert.js';
import type { LoadOptions } from '../../runtime/node.js';
import type { RankedAnswer } from '../../tasks/index.js';

/** The regions of a picture, as they travel. */
export interface SeenPicture {
  readonly row: FeatureRow;
  readonly regions: readonly ImageRegion[];
}

export interface AskedQuestion {
  /** Questions of one key are about one image. */
  readonly imageKey: string;
  readonly row: FeatureRow;
  readonly question: string;
  readonly topK: number;
  /** These answers alone. */
  readonly choices?: readonly string[] | undefined;
  /** Name of the model that is asked. */
  readonly model: string;
}

export interface ToExplain {
  readonly seen: SeenPicture;
  readonly question: string;
  readonly topK: number;
  readonly method: ExplanationMethod;
  readonly without?: TakenAway | undefined;
  readonly selfAttention?: boolean | undefined;
  readonly model: string;
}

/** What is answered to one question. */
export interface Answered {
  /** The most probable first. */
  readonly answers: readonly RankedAnswer[];
  /** True when the question is longer than the model reads: its end counted for nothing. */
  readonly isCut: boolean;
}

export type Job =
  | { readonly kind: 'detect'; readonly pictures: readonly Uint8Array[] }
  | { readonly kind: 'answer'; readonly questions: readonly AskedQuestion[] }
  | { readonly kind: 'explain'; readonly asked: ToExplain };

export interface JobResults {
  readonly detect: readonly SeenPicture[];
  readonly answer: readonly Answered[];
  readonly explain: Explanation;
}

/** Models for ONNX Runtime. */
export interface ExportedSource {
  /** Of several the probabilities are averaged. */
  readonly folders: readonly string[];
  readonly options: LoadOptions;
}

/** A model under the name by which requests ask for it. */
export interface NamedModel {
  readonly name: string;
  readonly source: LxmertSource | ExportedSource;
}

export interface WorkerSetup {
  /** The first is asked when a request names none; its detector finds the regions that all of them read. */
  readonly models: readonly [NamedModel, ...NamedModel[]];
  /** Features at hand that the models are to answer from too. */
  readonly features?: ProvenancedFeatures | undefined;
}

/** What a worker is started with. */
export interface WorkerData extends WorkerSetup {
  /** Workers of the server, which share the processors. */
  readonly numWorkers: number;
}

/** What a model and its detector are; for `GET /v1/models`. */
export interface ModelFacts {
  readonly name: string;
  /** Names without where they lie. */
  readonly weightsFiles: readonly string[];
  readonly numAnswers: number;
  readonly maxLength: number;
  readonly featureSize: number;
  readonly detector: Readonly<Record<string, string | number | boolean | null>> | null;
  /** True when the regions of a bare picture can be found. */
  readonly seesPictures: boolean;
  /** True when it finds regions in pictures of the sample world's kind only. */
  readonly isOfSampleWorld: boolean;
  /** True where the answers are explained by relevance, which is the default. */
  readonly canExplain: boolean;
  readonly explanationMethods: readonly ExplanationMethod[];
  readonly warnings: readonly string[];
  /** For a person: what it was trained on, how many parameters it has, how much it answers right; null where nothing says. */
  readonly description: string | null;
}

/** `rest`: the memory that is not needed is to be given back. */
export type ToWorker = { readonly id: number; readonly job: Job } | { readonly rest: true };

/** Whose a failed job is: a request that asks for what there is not, a picture that cannot be taken, or the server. */
export type JobFault = 'request' | 'picture' | 'server';

export type FromWorker =
  | { readonly kind: 'ready'; readonly facts: readonly [ModelFacts, ...ModelFacts[]] }
  | { readonly kind: 'failed'; readonly message: string; readonly isUsage: boolean }
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly result: JobResults[keyof JobResults];
      /** Tensors that are alive in the worker: steady, or something leaks. */
      readonly numTensors: number;
    }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly fault: JobFault };
