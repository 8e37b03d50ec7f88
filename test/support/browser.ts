/** @file The system's Chromium, for tests of pages; which skip where there is none. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) =>
    existsSync(file),
  );
}

const executablePath = findChromium();
/** False where no browser is installed. */
export const hasBrowser = executablePath !== undefined;

export async function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  // Containers run tests as root, where the sandbox cannot work; the pages are our own.
  const isRoot = process.platform !== 'win32' && execFileSync('id', ['-u']).toString().trim() === '0';
  return await chromium.launch({
    executablePath: executablePath as string,
    args: [...(isRoot ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', ...flags],
  });
}

export interface Watched {
  /** Errors of scripts, and what the security policy or the console complained of. */
  readonly complaints: string[];
  /** Addresses that were asked for. */
  readonly requests: string[];
}

/** Notes what goes wrong in a page and where it sends requests. */
export function watch(page: Page): Watched {
  const watched: Watched = { complaints: [], requests: [] };
  page.on('pageerror', (error) => watched.complaints.push(error.message));
  page.on('console', (message) => {
    // A refused request is told to the visitor; browsers write it to the console as well.
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusal) watched.complaints.push(message.text());
  });
  page.on('request', (request) => watched.requests.push(request.url()));
  return watched;
}
