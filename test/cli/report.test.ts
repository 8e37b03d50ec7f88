/** @file `lxmert report` as a user meets it: the page, its place, the pictures, refusals. */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parsePage } from '../report/sampleReport.js';
import { lxmert } from '../support/commandLine.js';
import { overridden } from '../support/overridden.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'report-cli-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const pictures = (features: string) => [
  ...['--features', at(features), '--images', at('world/images/minival')],
  ...['--questions', at('world/vqa/minival.json'), '--weights', 'LAST'],
];

needing('bridge').describe('lxmert report', () => {
  beforeAll(async () => {
    await lxmert('sample', at('world'), '--num-images', '24', '--num-boxes', '6', '--seed', '2');
    for (const [split, name, detector] of [
      ['train', 'train', 'a'],
      ['minival', 'minival', 'a'],
      ['minival', 'other', 'b'],
    ] as const) {
      const tsv = at(`world/features/${split}_obj36.tsv`);
      await lxmert('features', 'convert', tsv, at(name), '--detector', detector);
    }
    const run = await lxmert(
      ...'finetune vqa --hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1'.split(' '),
      ...'--cross-layers 1 --epochs 2 --batch-size 16'.split(' '),
      ...['--train', at('world/vqa/train.json'), '--valid', at('world/vqa/minival.json')],
      ...['--answers', at('world/vqa/trainval_label2ans.json'), '--vocab', at('world/vocab.txt')],
      ...['--features', at('train'), '--features', at('minival'), '--output', at('run')],
    );
    expect(run.exitCode, run.stderr).toBe(0);
  });

  it('reads what a training really writes, without a complaint', async () => {
    const made = await lxmert('report', at('run'), '--json');
    expect(made.exitCode, made.stderr).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({
      report: at('run/report.html'),
      numEpochs: 2,
      numLinesSkipped: 0,
      problems: [],
    });
    const page = parsePage(readFileSync(at('run/report.html'), 'utf8'));
    for (const title of ['Training loss', 'Validation score', 'Norm of the gradient', 'Learning rate'])
      expect(page.text).toContain(title);
    for (const title of ['Speed', 'Resident memory', 'hiddenSize16', 'Epoch 1: loss'])
      expect(page.text).toContain(title);
  });

  it('shows pictures of different images with regions and answers, and not those of another detector', async () => {
    const made = await lxmert('report', at('run'), '--output', at('page.html'), ...pictures('minival'));
    expect(made.exitCode, made.stderr).toBe(0);
    const page = parsePage(readFileSync(at('page.html'), 'utf8'));
    const images = page.elements.filter(({ name }) => name === 'img');
    const sources = new Set(images.map(({ attributes }) => attributes.get('src')));
    expect(images.length).toBeGreaterThan(1);
    // Pictures of the examples, and of the surest wrong answers, each with a page on why it was given.
    const links = page.elements.flatMap(({ attributes }) => attributes.get('href') ?? []);
    const pages = links.filter((link) => link.endsWith('.html'));
    expect(pages.length).toBeGreaterThan(0);
    for (const link of pages) expect(readFileSync(at(link), 'utf8')).toContain('"method":"relevance"');
    expect(pages[0]).toBe('page-explanations/1.html');
    expect(sources.size).toBeGreaterThanOrEqual(images.length - pages.length);
    const lines = page.elements.filter(({ attributes }) => attributes.get('class') === 'line');
    expect(lines).toHaveLength(6 * images.length);
    const refused = await lxmert('report', at('run'), ...pictures('other'));
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('detector "a"')]);
  });

  it('shows several runs beside each other', async () => {
    cpSync(at('run'), at('again'), { recursive: true });
    const made = await lxmert('report', at('run'), at('again'), '--output', at('both.html'));
    expect(made.exitCode, made.stderr).toBe(0);
    expect(made.stdout).toMatch(/^run: \d+ steps, 2 epochs.*\nagain: .*\nWrote .*both\.html: 2 runs beside/);
    const { text } = parsePage(readFileSync(at('both.html'), 'utf8'));
    for (const shown of ['run, again', 'words alone', 'entries of config.json are the same'])
      expect(text).toContain(shown);
    const refused = await lxmert('report', at('run'), at('again'), ...pictures('minival'));
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('on one run')]);
  });

  it('never reads a picture from outside its folder', async () => {
    const questions = JSON.parse(readFileSync(at('world/vqa/minival.json'), 'utf8')) as object[];
    const elsewhere = '../minival/sample_minival_000000';
    writeFileSync(at('away.json'), JSON.stringify([{ ...questions[0], img_id: elsewhere }]));
    const asked = await lxmert(
      'report',
      at('run'),
      ...overridden(pictures('minival'), ['--questions', at('away.json')]),
    );
    expect([asked.exitCode, asked.stderr]).toEqual([1, expect.stringContaining('No question of ')]);
  });

  it('refuses half of the picture options and a folder that is no run', async () => {
    const half = await lxmert('report', at('run'), '--images', at('world/images/minival'));
    expect([half.exitCode, half.stderr]).toEqual([2, expect.stringContaining('all three or none')]);
    mkdirSync(at('empty'));
    const empty = await lxmert('report', at('empty'));
    expect([empty.exitCode, empty.stderr]).toEqual([2, expect.stringContaining('is no run folder')]);
    mkdirSync(at('exported'));
    for (const name of ['lxmert.json', 'config.json']) writeFileSync(at('exported', name), '{}');
    const exported = await lxmert('report', at('exported'));
    expect([exported.exitCode, exported.stderr]).toEqual([
      2,
      expect.stringContaining(
        'is an exported model, which has nothing of its training with it. Name the folder',
      ),
    ]);
    expect(existsSync(at('exported/report.html'))).toBe(false);
    expect(existsSync(at('empty/report.html'))).toBe(false);
  });
});
