/** @file A trained model as a folder of static files: a page that answers in its visitor's browser, without a server of its own. */

import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { LxmertError, UsageError } from '../../common/errors.js';
import type { Progress } from '../../common/progress.js';
import { packageRoot, version } from '../../common/version.js';
import { sha256Of } from '../../formats/hashes/sha256.js';
import { MANIFEST_FILE, type Manifest, WASM_FILES, type WeightsPrecision } from '../../runtime/index.js';
import {
  SITE_FILE,
  SITE_FORMAT,
  type SiteDescription,
  type SiteFile,
  type SitePicture,
  type StoredRegions,
} from './description.js';
import { engineFiles } from './engineFiles.js';
import { cutManifest, readChecked, readManifest, requireAnswering, sizesOf } from './modelFiles.js';

/** A picture to put on the page. */
export interface PictureForSite extends Pick<SitePicture, 'name' | 'questions' | 'objects'> {
  /** With its dot. */
  readonly ending: string;
  readonly bytes: Uint8Array;
  readonly regions?: StoredRegions | undefined;
}

export interface ExportSiteOptions {
  /** An exported folder. */
  readonly model: string;
  readonly out: string;
  readonly pictures: readonly PictureForSite[];
  /** An exported detector. */
  readonly detector?: string | undefined;
  /** All that the folder has when none is named. */
  readonly precisions?: readonly WeightsPrecision[];
  readonly title?: string | undefined;
  readonly progress?: Progress | undefined;
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
 * Writes the folder. Whatever an earlier export left there is replaced; the page itself comes last, so that it never
 * names what is not there yet.
 *
 * @throws UsageError when the folder holds something else; LxmertError when the model cannot answer on a page, when one of
 * its files is missing, cut or changed, or when the pages of web/ are not built
 */
export async function exportSite(options: ExportSiteOptions): Promise<ExportedSite> {
  const { model, out, pictures, detector, precisions = [], progress } = options;
  const before = await earlierFiles(out);
  const manifest = await readManifest(model);
  requireAnswering(manifest, model);
  const cut = cutManifest(manifest, precisions, model);
  const takesPictures = cut.regions.pixelRegions !== null || detector !== undefined;
  const writer = new SiteWriter(out, progress);
  await writer.addFolder(model, MODEL_FOLDER, cut);
  if (detector !== undefined)
    await writer.addFolder(detector, DETECTOR_FOLDER, await detectorManifest(detector));
  const engines: Record<string, SiteFile> = {};
  for (const [name, bytes] of await engineFiles()) {
    // An ending that no server knows: what it takes for .gz, it may have the browser unpack.
    engines[name] = await writer.add(`engine/${name.replace(/\.wasm$/, '.packed')}`, bytes);
  }
  const shown: SitePicture[] = [];
  for (const [i, { ending, bytes, regions, name, questions, objects }] of pictures.entries()) {
    const base = `pictures/${i + 1}`;
    await writer.add(`${base}${ending}`, bytes);
    if (regions !== undefined) await writer.add(`${base}.json`, JSON.stringify(regions));
    const stored = regions === undefined ? null : `${base}.json`;
    shown.push({ name, questions, objects, file: `${base}${ending}`, regions: stored });
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

/** Writes files and notes what was written. */
class SiteWriter {
  readonly files: SiteFile[] = [];

  constructor(
    readonly out: string,
    readonly progress: Progress | undefined,
  ) {}

  get paths(): string[] {
    return this.files.map((file) => file.path);
  }

  async add(file: string, content: string | Uint8Array): Promise<SiteFile> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    await writeFileAtomic(path.join(this.out, file), bytes);
    const written = { path: file, numBytes: bytes.length, sha256: sha256Of(bytes) };
    this.files.push(written);
    return written;
  }

  /** Copies what a manifest lists, each file checked, and then the manifest. */
  async addFolder(folder: string, into: string, manifest: Manifest): Promise<void> {
    for (const [file, expected] of Object.entries(manifest.files)) {
      await this.add(`${into}/${file}`, await readChecked(folder, file, expected));
    }
    await this.add(`${into}/${MANIFEST_FILE}`, JSON.stringify(manifest, undefined, 1));
  }
}

async function detectorManifest(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest.kind === 'detector') return manifest;
  throw new UsageError(`${folder} holds a model, not a detector. Make one with lxmert export onnx DETECTOR.`);
}

/** The files of an earlier export. @throws UsageError when something else is in the folder */
async function earlierFiles(out: string): Promise<readonly string[]> {
  const names = await readdir(out).catch((): string[] => []);
  if (names.length === 0) return [];
  const text = await readFile(path.join(out, SITE_FILE), 'utf8').catch(() => '{}');
  const { format, files } = JSON.parse(text) as Partial<SiteDescription>;
  if (format === SITE_FORMAT && Array.isArray(files)) return [...files, SITE_FILE];
  throw new UsageError(`${out} holds files that are no site of lxmert. Name a new or an empty folder.`);
}

async function removeFiles(out: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    // The list lies in the folder, where anybody may have changed it.
    const whole = path.resolve(out, file);
    if (whole.startsWith(path.resolve(out) + path.sep)) await rm(whole, { force: true });
  }
}

/** What `npm run build:web` made of web/site, by path. */
async function builtPage(): Promise<ReadonlyMap<string, Buffer>> {
  const folder = path.join(packageRoot(), 'dist', 'web', 'site');
  if (!existsSync(path.join(folder, 'index.html'))) {
    throw new LxmertError(
      `The page is not built: ${folder} has no index.html. Run ./setup, or npm run build:web.`,
    );
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  return new Map(
    await Promise.all(
      files.map(
        async (file): Promise<[string, Buffer]> => [
          path.relative(folder, file).split(path.sep).join('/'),
          await readFile(file),
        ],
      ),
    ),
  );
}

function titled(page: Buffer, title: string): string {
  const safe = title.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return page.toString().replace(/<title>[^<]*<\/title>/, () => `<title>${safe}</title>`);
}

/**
 * The worker with what it keeps for visits without a connection: everything small. Weights and engines are kept by the
 * page under their checksums. It changes with any file, which is what tells a browser that there is something new.
 */
function serviceWorker(script: Buffer, files: readonly SiteFile[], { engines }: SiteDescription): string {
  const large = new Set(Object.values(engines).map((file) => file.path));
  const kept = files.filter(({ path: file }) => !large.has(file) && !isGraph(file));
  const content = sha256Of(JSON.stringify(files)).slice(0, 16);
  const list = JSON.stringify({ content, files: kept.map((file) => file.path) });
  return `self.lxmertSite = ${list};\n${script.toString()}`;
}

function isGraph(file: string): boolean {
  return /\.(onnx|onnx_data)$/.test(file);
}

function firstVisit(
  files: readonly SiteFile[],
  cut: { weights: readonly { precision: string; file: string; externalData: string | null }[] },
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
