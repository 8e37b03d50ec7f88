/** @file docs/reference/cli.md and tasks.md say what the commands and the tasks say. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { renderReference } from '../../src/cli/reference.js';
import { renderTaskReference } from '../../src/cli/taskReference.js';
import { tasks } from '../../src/tasks/registry.js';
import { entries } from './fixtures.js';

describe('the command-line reference', () => {
  it('is up to date (npm run docs:cli writes it)', async () => {
    expect(readFileSync('docs/reference/cli.md', 'utf8')).toBe(await renderReference(catalogue));
  });

  it('has every flag with its notes', async () => {
    const page = await renderReference(entries.filter((entry) => entry.name === 'paint'));
    expect(page).toContain('lxmert paint [flags] <wall> [others...]');
    expect(page).toContain(
      '| `-n, --num-coats N` | How many coats | a whole number from 1 to 9; default: 2 |',
    );
    expect(page).toContain('| `--colour red\\|blue` | Which colour | default: red |');
    expect(page).toContain('| `--no-varnish` | Leave out the varnish |  |');
  });
});

describe('the page about the tasks', () => {
  it('is up to date (npm run docs:cli writes it), and has every task', async () => {
    const page = await renderTaskReference();
    expect(readFileSync('docs/reference/tasks.md', 'utf8')).toBe(page);
    for (const { name } of tasks) expect(page).toContain(`\`finetune ${name}\``);
  });
});
