/** @file What the tests of the metrics share: files of a few lines, and a command line. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

/** Makes a folder for a test file, removed after it; returns a writer of files that gives their paths. */
export function temporaryFiles(): (name: string, content: unknown) => string {
  const folder = mkdtempSync(path.join(tmpdir(), 'metrics-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (name, content) => {
    const file = path.join(folder, name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
}

/** The defaults of the command line. */
export const strict = { missing: 'error', extra: 'error' } as const;
