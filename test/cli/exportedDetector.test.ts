/** @file Exported detectors as `--detector`: photos are seen without libtorch, by exported models. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportDetector, exportModel } from '../../src/export/index.js';
import { lxmert } from '../support/commandLine.js';
import { publishedPath } from '../support/published.js';
import { needing } from '../support/skips.js';
import { SMALL_DETECTOR, writeSmallDetector, writeSmallRun } from '../support/tinyLxmert.js';

needing('program').describe('an exported detector', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cli-exported-detector-'));
  const at = (...parts: string[]): string => path.join(folder, ...parts);
  const photo = publishedPath('images', 'cut', 'coffee.jpg');
  const asked = (...more: string[]): string[] => [
    'answer',
    photo,
    'what cat',
    '--model',
    at('model'),
    ...more,
  ];

  beforeAll(async () => {
    writeSmallDetector(at('small.caffemodel'));
    await writeSmallRun(at('run'));
    await exportModel({ source: { model: at('run') }, out: at('model'), precision: 'float32' });
    await exportDetector({
      detector: at('small.caffemodel'),
      out: at('detector'),
      precision: 'float32',
      architecture: SMALL_DETECTOR,
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds the regions of a photo for an exported model, as many as are asked for', async () => {
    for (const [more, count] of [
      [[], 36],
      [['--min-boxes', '4', '--max-boxes', '4', '--profile', 'caffe-10-100'], 4],
    ] as const) {
      const { stdout, stderr, exitCode } = await lxmert(
        ...asked('--detector', at('detector'), ...more, '--json'),
      );
      expect(exitCode, stderr).toBe(0);
      const { regions, answers } = JSON.parse(stdout) as { regions: unknown[]; answers: unknown[] };
      expect(regions).toHaveLength(count);
      expect(answers).toHaveLength(3);
    }
  });

  it('goes with exported models alone, and they with it alone', async () => {
    for (const [words, message] of [
      [asked('--detector', at('small.caffemodel')), /weights for libtorch.*lxmert export onnx/],
      [asked('--detector', at('model')), /is an exported model, not a region detector/],
      [asked('--detector', at('detector'), '--profile', 'd2'), /other rules than the profile d2/],
      [asked('--detector', at('detector'), '--object-names', photo), /--object-names does not go/],
      [
        asked('--detector', at('detector'), '--detector-precision', 'bfloat16'),
        /--detector-precision bfloat16 does not go/,
      ],
      [
        ['answer', photo, 'what cat', '--model', at('run'), '--detector', at('detector')],
        /is an exported detector, which goes with exported models/,
      ],
      [
        ['answer', photo, 'what cat', '--model', at('detector')],
        /is an exported region detector, not a model/,
      ],
    ] as const) {
      const { stderr, exitCode } = await lxmert(...words);
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(exitCode).toBe(2);
    }
  });
});
