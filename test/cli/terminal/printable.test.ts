import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { printable } from '../../../src/cli/terminal/printable.js';
import { lxmert } from '../../support/commandLine.js';

const folder = mkdtempSync(path.join(tmpdir(), 'printable-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('writes control characters out and leaves text, tabs and lines alone', () => {
  expect(printable('a\tb\nc \u00e9')).toBe('a\tb\nc \u00e9');
  expect(printable('\u001b[31mred\u0007\r')).toBe('\\u001b[31mred\\u0007\\u000d');
});

it('a file cannot make the terminal obey it', async () => {
  const file = path.join(folder, 'settings.toml');
  writeFileSync(file, '"\\u001b[2J" = 1\n');
  const { stderr, exitCode } = await lxmert('finetune', 'vqa', '--config', file, '--print-config');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('\\u001b[2J');
  expect(stderr).not.toContain('\u001b');
});
