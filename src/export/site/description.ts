/** @file What a site says of itself to its own page, in site.json: the model, the files of the engine, pictures to ask about. */

import type { Provenance } from '../../features/index.js';
import type { WeightsPrecision } from '../../runtime/index.js';

export const SITE_FILE = 'site.json';
export const SITE_FORMAT = 'lxmert-site';

/** A file of the site, as it is kept by a browser. */
export interface SiteFile {
  /** Within the site. */
  readonly path: string;
  readonly numBytes: number;
  readonly sha256: string;
}

/** A picture that comes with the site. */
export interface SitePicture {
  readonly name: string;
  /** Path within the site. */
  readonly file: string;
  readonly questions: readonly { readonly question: string; readonly expected: readonly string[] }[];
  /** What was drawn there, where that is known; the model is not told. */
  readonly objects: readonly { readonly name: string; readonly box: readonly number[] }[];
  /** Path of its regions when they were found beforehand; null when the page finds them. */
  readonly regions: string | null;
  /** Name of the store or file that these are from, without its path. */
  readonly store: string | null;
}

/** Regions that were found beforehand, as the page reads them. */
export interface StoredRegions {
  readonly width: number;
  readonly height: number;
  /** x1, y1, x2, y2 in pixels. */
  readonly boxes: readonly (readonly number[])[];
  readonly objectsId: readonly number[];
  readonly objectsConf: readonly number[];
  readonly attrsId: readonly number[];
  readonly attrsConf: readonly number[];
  /** Base64 of float32, little-endian, (boxes, feature size). */
  readonly features: string;
  /** What made them; null when nothing says. */
  readonly provenance: Provenance | null;
}

export interface SiteDescription {
  readonly format: typeof SITE_FORMAT;
  readonly version: 1;
  readonly createdBy: string;
  /** Of the heading. */
  readonly title: string;
  /** What is said of the model below it; null for nothing. */
  readonly about: string | null;
  /** What the model is called where it came from, without its path. */
  readonly name: string;
  /** Folder of the model within the site. */
  readonly model: string;
  /** Folder of the detector within the site. */
  readonly detector: string | null;
  /** What can be loaded, the smallest first. */
  readonly weights: readonly { readonly precision: WeightsPrecision; readonly numBytes: number }[];
  /** Compressed .wasm files by the names that onnxruntime-web has for them. */
  readonly engines: Readonly<Record<string, SiteFile>>;
  readonly pictures: readonly SitePicture[];
  /** False when regions cannot be found in a visitor's picture. */
  readonly takesPictures: boolean;
  /** Every file of the site but this one, so that a later export can replace it. */
  readonly files: readonly string[];
}
