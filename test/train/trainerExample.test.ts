import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, vi } from 'vitest';

it("the example of Trainer's documentation is the file that runs, and learns", async () => {
  const source = await readFile('src/train/trainer.ts', 'utf8');
  const [, documented = ''] = /@example\n \* ```ts\n(.*?) \* ```\n/s.exec(source) ?? [];
  const code = documented.replaceAll(/^ \* ?/gm, '');
  const file = await readFile('test/train/trainerExample.ts', 'utf8');
  expect(code).toBe(file.slice(file.indexOf('// Which sign')));

  const folder = await mkdtemp(path.join(tmpdir(), 'example-'));
  const before = process.cwd();
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    process.chdir(folder);
    await import('./trainerExample.js');
  } finally {
    process.chdir(before);
    log.mockRestore();
  }
  const [, right = '0'] = /^Right for ([\d.]+) %/.exec(lines.at(-1) ?? '') ?? [];
  expect(Number(right)).toBeGreaterThan(90);
  expect(lines).toContain('better');
  const config = JSON.parse(await readFile(path.join(folder, 'runs/sign/config.json'), 'utf8')) as object;
  expect(config).toMatchObject({ task: 'sign', settings: { optimizer: 'adamw', schedule: 'cosine' } });
  await rm(folder, { recursive: true });
});
