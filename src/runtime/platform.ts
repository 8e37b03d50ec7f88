/** @file What differs between Node.js and browsers: where folders are read, what computes, how pictures are decoded. */

import type { PictureReader } from '../inference/pictureRegions.js';
import type { Engine } from './engine.js';
import type { ExportedFolder } from './exportedFolder.js';
import type { WeightsPrecision } from './manifest.js';

/** What a person may choose of the engine. */
export interface EngineOptions {
  /** The engine to take; absent: the fastest one that is there, told with its reason in `Lxmert.engine`. */
  readonly engine?: string | undefined;
  readonly numThreads?: number | undefined;
  /** What will be loaded: browsers choose by it. */
  readonly weights?: { readonly precision: WeightsPrecision; readonly numBytes: number } | undefined;
}

/** How a folder's files are read. */
export interface FolderOptions {
  /** In a browser: keep large files for the next visit. Default true. */
  readonly cache?: boolean | undefined;
  /** Aborted, it ends what is read with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What both entries hand to the core. */
export interface Platform extends PictureReader {
  /** What a picture may be that only this platform knows, such as a browser's `Blob`, is turned into a file's bytes or pixels by the entry. */
  readonly name: 'node' | 'browser';
  /** @throws UsageError for a folder that is not there */
  openFolder(source: string, options: FolderOptions): Promise<ExportedFolder>;
  createEngine(options: EngineOptions): Promise<Engine>;
}
