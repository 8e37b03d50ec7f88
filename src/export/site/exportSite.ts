/** @file A trained model as a folder of static files: a page that answers in its visitor's browser, without a server of its own. */

import path from 'node:path';
import { UsageError } from '../../common/errors.js';
import { version } from '../../common/version.js';
import { WASM_FILES } from '../../runtime/exportedFiles.js';
import type { Manifest, ModelManifest, WeightsPrecision } from '../../runtime/index.js';
import { builtPage, isGraph, serviceWorker, titled } from './builtPage.js';
import {
  SITE_FILE,
  SITE_FORMAT,
  type SiteDescription,
  type SiteFile,
  type SitePicture,
  type StoredRegions,
} from './description.js';
import { engineFiles } from './engineFiles.js';
import { cutManifest, readFolderManifest, requireAnswering, sizesOf } from './modelFiles.js';
import { earlierFiles, removeFiles, SiteWriter } from './siteWriter.js';

/** A picture to put on the page. */
export interface PictureForSite extends Pick<SitePicture, 'name' | 'questions' | 'objects' | 'store'> {
  /** With its dot. */
  readonly ending: string;
  readonly bytes: Uint8Array;
  readonly regions?: StoredRegions | undefined;
}

export interface ExportSiteOptions {
  /** An exported folder. */
  readonly model: string;
  /** What visitors are told that it is called. Default: the folder's name. */
  readonly name?: string | undefined;
  readonly out: string;
  readonly pictures: readonly PictureForSite[];
  /** An exported detector. */
  readonly detector?: string | undefined;
  /** All that the folder has when none is named. */
  readonly precisions?: readonly WeightsPrecision[];
  readonly title?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportedSite {
  readonly out: string;
  readonly numFiles: number;
  readonly numBytes: number;
  /** What a visitor loads until the first answer, with the smallest weights. */
  readonly firstVisitBytes: number;
  readonly weights: SiteDescription['weights'];
  readonly takesPictures: boolean;
}

const SERVICE_WORKER = 'sw.js';
const MODEL_FOLDER = 'model';
const DETECTOR_FOLDER = 'detector';

/**
 * Writes the folder. Whatever an earlier export left there is replaced when everything is ready; the page itself comes last, so
 * that it never names what is not there yet.
 *
 * @throws UsageError when the folder holds something else; LxmertError when the model cannot answer on a page, when one of
 * its files is missing, cut or changed, or when the pages of web/ are not built
 */
export async function exportSite(options: ExportSiteOptions): Promise<ExportedSite> {
  const { model, out, pictures, detector, precisions = [], signal } = options;
  const before = await earlierFiles(out);
  const manifest = await readFolderManifest(model);
  requireAnswering(manifest, model);
  const cut = cutManifest(manifest, precisions, model);
  const takesPictures = cut.regions.pixelRegions !== null || detector !== undefined;
  await using writer = await SiteWriter.create(out);
  await writer.addFolder(model, MODEL_FOLDER, cut);
  if (detector !== undefined)
    await writer.addFolder(detector, DETECTOR_FOLDER, await detectorManifest(detector));
  const engines: Record<string, SiteFile> = {};
  for (const [name, bytes] of await engineFiles()) {
    // An ending that no server knows: what it takes for .gz, it may have the browser unpack.
    engines[name] = await writer.add(`engine/${name.replace(/\.wasm$/, '.packed')}`, bytes);
  }
  const shown: SitePicture[] = [];
  for (const [i, { ending, bytes, regions, name, questions, objects, store }] of pictures.entries()) {
    const base = `pictures/${i + 1}`;
    await writer.add(`${base}${ending}`, bytes);
    if (regions !== undefined) await writer.add(`${base}.json`, JSON.stringify(regions));
    const stored = regions === undefined ? null : `${base}.json`;
    shown.push({ name, questions, objects, file: `${base}${ending}`, regions: stored, store });
  }
  const page = await builtPage();
  for (const [file, bytes] of page) {
    if (file !== SERVICE_WORKER && file !== 'index.html') await writer.add(file, bytes);
  }
  const weights = sizesOf(cut);
  const description: SiteDescription = {
    format: SITE_FORMAT,
    version: 1,
    createdBy: `lxmert ${version()}`,
    title: options.title ?? 'Ask about a picture',
    about: cut.description?.text ?? null,
    name: path.basename(path.resolve(options.name ?? model)),
    model: MODEL_FOLDER,
    detector: detector === undefined ? null : DETECTOR_FOLDER,
    weights,
    engines,
    pictures: shown,
    takesPictures,
    files: [...writer.paths, 'index.html', SERVICE_WORKER].sort(),
  };
  await writer.add(SITE_FILE, JSON.stringify(description, undefined, 1));
  await writer.add('index.html', titled(page.get('index.html') as Buffer, description.title));
  await writer.add(
    SERVICE_WORKER,
    serviceWorker(page.get(SERVICE_WORKER) as Buffer, writer.files, description),
  );
  signal?.throwIfAborted();
  await writer.finish();
  await removeFiles(
    out,
    before.filter((file) => !writer.paths.includes(file)),
  );
  return {
    out,
    numFiles: writer.files.length,
    numBytes: totalOf(writer.files),
    firstVisitBytes: firstVisit(writer.files, cut, description),
    weights,
    takesPictures,
  };
}

async function detectorManifest(folder: string): Promise<Manifest> {
  const manifest = await readFolderManifest(folder);
  if (manifest.kind === 'detector') return manifest;
  throw new UsageError(`${folder} holds a model, not a detector. Make one with lxmert export onnx DETECTOR.`);
}

function firstVisit(
  files: readonly SiteFile[],
  cut: Pick<ModelManifest, 'weights'>,
  { weights, engines }: SiteDescription,
): number {
  const [smallest] = weights;
  const chosen = cut.weights.find(({ precision }) => precision === smallest?.precision);
  const graphs = [chosen?.file, chosen?.externalData].map((file) => `${MODEL_FOLDER}/${file}`);
  const unused = engines[WASM_FILES.webgpu]?.path;
  return totalOf(
    files.filter(({ path: file }) => {
      if (file === unused) return false;
      return !file.startsWith(`${MODEL_FOLDER}/`) || !isGraph(file) || graphs.includes(file);
    }),
  );
}

function totalOf(files: readonly SiteFile[]): number {
  return files.reduce((sum, { numBytes }) => sum + numBytes, 0);
}
