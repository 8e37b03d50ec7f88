/** @file The files of the site that the page itself reads, and keeping the page for visits without a connection. */

import type { SiteDescription } from '../../src/export/site/description.js';

/** Where the page is, with a slash at its end, whatever path it is served under. */
export const BASE = new URL('./', document.baseURI).href;

export async function fetchJson<T>(file: string): Promise<T> {
  const response = await fetch(new URL(file, BASE));
  if (!response.ok) {
    throw new Error(
      `${file} of this site cannot be loaded: the server answers with status ${response.status}.`,
    );
  }
  return (await response.json()) as T;
}

export const fetchSite = (): Promise<SiteDescription> => fetchJson<SiteDescription>('site.json');

/**
 * Lets a service worker keep what the page is made of. It begins when the model is there, so that it takes nothing from
 * the first answer; where there is none (plain HTTP of another machine) the page works as before, with a connection.
 */
export function keepForLater(): void {
  const workers = (navigator as { serviceWorker?: ServiceWorkerContainer }).serviceWorker;
  workers?.register(new URL('sw.js', BASE)).catch(() => undefined);
}

/** What to tell a visitor of a failure. */
export function sentenceOf(error: unknown): string {
  if (error instanceof TypeError) return 'A file of this site cannot be loaded. Is there a connection?';
  return error instanceof Error ? error.message : String(error);
}
