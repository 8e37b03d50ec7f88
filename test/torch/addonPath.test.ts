import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { addonPath } from '../../src/torch/native.js';

const folder = mkdtempSync(path.join(tmpdir(), 'addon-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it('is the file that LXMERT_NATIVE names, or the one in the folder that it names', () => {
  const file = path.join(folder, 'lxmert_native.node');
  writeFileSync(file, '');
  vi.stubEnv('LXMERT_NATIVE', folder);
  expect(addonPath()).toBe(file);
  vi.stubEnv('LXMERT_NATIVE', file);
  expect(addonPath()).toBe(file);
  vi.stubEnv('LXMERT_NATIVE', path.join(folder, 'missing.node'));
  expect(addonPath()).toBe(path.join(folder, 'missing.node'));
});
