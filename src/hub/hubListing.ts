/** @file What the hub has of a model: the commit of a revision, and its files with sizes and checksums. */

import { LxmertError } from '../common/errors.js';
import { type HubName, hubNameText } from '../common/hubName.js';
import { isPlainRelativePath } from '../data/download/catalogue.js';
import { type HubRequestOptions, hubFetch } from './hubRequest.js';

export interface ListedFile {
  readonly path: string;
  readonly size: number;
  /** Of a large file. */
  readonly sha256: string | undefined;
  /** Git's name of a small file's content. */
  readonly gitBlob: string | undefined;
  /** What the cache calls the content: either of the two. */
  readonly etag: string;
}

export interface HubListing {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly files: readonly ListedFile[];
}

/** More than any model has that this program loads. */
const MAX_FILES = 10_000;

/** Whether a revision is a commit, which never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/**
 * Asks the hub. Files whose names could lead out of a folder, or mean something to a shell or a system, are not listed.
 *
 * @throws as {@link hubFetch}, and LxmertError for answers that are none of a hub
 */
export async function listModel(model: HubName, options: HubRequestOptions): Promise<HubListing> {
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const text = hubNameText(model);
  const shared = { fetch: hubFetch(text, options), hubUrl: options.settings.endpoint };
  const strange = (what: string, cause?: unknown): LxmertError =>
    new LxmertError(
      `${options.settings.endpoint} does not answer as a hub does: ${what}. Is HF_ENDPOINT right?`,
      { cause },
    );
  const asked = { ...shared, name: model.name, revision: model.revision ?? 'main' };
  const { sha: commit } = await modelInfo({ ...asked, additionalFields: ['sha'] }).catch((error: unknown) => {
    throw error instanceof SyntaxError || error instanceof TypeError
      ? strange(`what it says of ${text} cannot be read`, error)
      : error;
  });
  if (typeof commit !== 'string' || !isCommit(commit)) throw strange(`it names no commit of ${text}`);
  const files: ListedFile[] = [];
  let numListed = 0;
  try {
    for await (const entry of listFiles({ ...shared, repo: model.name, revision: commit, recursive: true })) {
      if (++numListed > MAX_FILES) break;
      const file = entry.type === 'file' ? listedFile(entry) : undefined;
      if (file !== undefined) files.push(file);
    }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw strange(`its list of the files of ${text} cannot be read`, error);
  }
  if (numListed > MAX_FILES) throw new LxmertError(`${text} has over ${MAX_FILES} files, so it is no model.`);
  return { commit, files };
}

/** Undefined for a file that nothing here can be of use for. */
function listedFile(entry: {
  readonly path?: unknown;
  readonly size?: unknown;
  readonly oid?: unknown;
  readonly lfs?: { readonly oid?: unknown; readonly size?: unknown } | undefined;
}): ListedFile | undefined {
  const { path, lfs } = entry;
  if (typeof path !== 'string' || !isPlainRelativePath(path)) return undefined;
  const size = Number(lfs?.size ?? entry.size);
  const sha256 = hexadecimal(String(lfs?.oid ?? '').replace(/^sha256:/, ''), 64);
  const gitBlob = lfs == null ? hexadecimal(entry.oid, 40) : undefined;
  const etag = sha256 ?? gitBlob;
  return etag === undefined ? undefined : { path, size, sha256, gitBlob, etag };
}

function hexadecimal(value: unknown, length: number): string | undefined {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value)
    ? value
    : undefined;
}
