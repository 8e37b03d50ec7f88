/** @file What a model looked at: the numbers are its own, and the page is safe and whole. */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import type { AttentionMap } from '../../src/explain/attentionMap.js';
import { type Explanation, explanationOf } from '../../src/explain/explanation.js';
import { renderExplanation } from '../../src/explain/renderExplanation.js';
import { batchFromRows } from '../../src/features/featureBatch.js';
import { disposeModels, loadEnsemble } from '../../src/inference/ensemble.js';
import { imageRegionsFrom } from '../../src/inference/imageRegions.js';
import { batchInputs } from '../../src/tasks/batchInputs.js';
import { rankAnswers } from '../../src/tasks/predict.js';
import { noGrad, scope } from '../../src/torch/index.js';
import { LabelNames } from '../../src/vision/detector/labelNames.js';
import { makeRow } from '../features/support.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'explain-'));
const run = path.join(folder, 'run');
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => writeSmallRun(run));

const row = makeRow(2, { numBoxes: 5, featureSize: 7, width: 200, height: 100 });
const names = new LabelNames(
  Array.from({ length: 1600 }, (_, i) => `</script><b>thing ${i}`),
  Array.from({ length: 400 }, (_, i) => `kind ${i}`),
);
const question = 'What colors is the cat <img src=x onerror=alert(1)>?';

async function explain(
  files = [run],
  method?: 'attention',
  options?: { selfAttention: boolean },
): Promise<Explanation> {
  const answering = await loadEnsemble(files, {});
  try {
    return explanationOf(
      answering,
      imageRegionsFrom(row, { hasLabels: true, names, provenance: undefined }),
      question,
      3,
      method,
      options,
    );
  } finally {
    disposeModels(answering);
  }
}

function read({ numHeads, numRows, numColumns, values }: AttentionMap): number[][][] {
  const bytes = Buffer.from(values, 'base64');
  expect(bytes.length).toBe(2 * numHeads * numRows * numColumns);
  const at = (head: number, r: number, column: number): number =>
    bytes.readUInt16LE(2 * ((head * numRows + r) * numColumns + column)) / 65535;
  return Array.from({ length: numHeads }, (_, head) =>
    Array.from({ length: numRows }, (_, r) =>
      Array.from({ length: numColumns }, (_, column) => at(head, r, column)),
    ),
  );
}

describe('an explanation', () => {
  it("has the model's own attention in both directions, of every layer and head", async () => {
    const explanation = await explain([run], undefined, { selfAttention: true });
    expect((await explain()).selfAttention).toBeNull();
    expect(explanation.words.slice(0, 6)).toEqual(['[CLS]', 'what', 'color', '##s', 'is', 'the']);
    expect(explanation.words.at(-1)).toBe('[SEP]');
    expect(explanation.layers).toHaveLength(2);
    const answering = await loadEnsemble([run], {});
    const source = { gather: () => batchFromRows([row]) };
    scope(() =>
      noGrad(() => {
        const inputs = batchInputs([{ imageIds: ['x'], sentence: question }], answering.tokenizer, source, {
          maxLength: 20,
        });
        const { attentions } = answering.models[0]!.forward(inputs, { attentions: true });
        const { language, vision, cross } = attentions!;
        const own = explanation.selfAttention!;
        for (const [maps, tensors] of [
          [own.words, [...language, ...cross.map(({ languageSelf }) => languageSelf)]],
          [own.regions, [...vision, ...cross.map(({ visionSelf }) => visionSelf)]],
        ] as const) {
          expect(maps).toHaveLength(tensors.length);
          for (const [i, map] of maps.entries()) {
            const expected = tensors[i]!.toFloat32Array();
            for (const [k, value] of read(map).flat(2).entries()) expect(value).toBeCloseTo(expected[k]!, 4);
          }
        }
        explanation.layers.forEach(({ wordsOnRegions, regionsOnWords }, layer) => {
          const { languageToVision, visionToLanguage } = attentions!.cross[layer]!;
          for (const [map, tensor] of [
            [wordsOnRegions, languageToVision],
            [regionsOnWords, visionToLanguage],
          ] as const) {
            const heads = read(map);
            const expected = tensor.toFloat32Array();
            const worst = Math.max(...heads.flat(2).map((value, i) => Math.abs(value - expected[i]!)));
            expect(worst).toBeLessThan(1e-5);
            for (const each of heads.flat()) expect(each.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
          }
        });
        expect(explanation.answers).toEqual(
          rankAnswers(answering, source, [{ imageIds: ['x'], sentence: question }], 3)[0],
        );
      }),
    );
    disposeModels(answering);
    // The two directions are two different maps.
    const [first] = explanation.layers;
    expect([first?.wordsOnRegions.numRows, first?.wordsOnRegions.numColumns]).toEqual([
      explanation.words.length,
      5,
    ]);
    expect([first?.regionsOnWords.numRows, first?.regionsOnWords.numColumns]).toEqual([
      5,
      explanation.words.length,
    ]);
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });

  it('names the regions, or says nothing of regions without labels', async () => {
    const { regions } = await explain();
    expect(regions[0]).toEqual({
      box: [...row.boxes.subarray(0, 4)],
      label: `kind ${row.attrsId[0]} </script><b>thing ${row.objectsId[0]}`,
      objectConfidence: row.objectsConf[0],
      attributeConfidence: row.attrsConf[0],
    });
    const answering = await loadEnsemble([run], {});
    const unlabelled = explanationOf(
      answering,
      imageRegionsFrom(row, { hasLabels: false, names, provenance: undefined }),
      question,
    );
    disposeModels(answering);
    expect(unlabelled.regions[0]).toMatchObject({ label: null, objectConfidence: null });
  });

  it('by attention is refused of several models, which are explained by removal', async () => {
    await expect(explain([run, run], 'attention')).rejects.toThrow(UsageError);
    expect(await explain([run, run])).toMatchObject({ method: 'removal', layers: [], relevance: [] });
  });
});

describe('the page', () => {
  it('holds all it needs, asks for nothing, and lets nothing of a question or a name become markup', async () => {
    const explanation = await explain();
    const picture = 'data:image/webp;base64,AAAA';
    const page = await renderExplanation(explanation, picture);
    // Attributes that load something: only the icon, as data; the script draws the picture.
    const [head = ''] = page.split('<script');
    const loads = [...head.matchAll(/\s(?:src|href)="([^"]*)"/g)].map(([, url]) => url);
    expect(loads).toEqual(['data:,']);
    expect(head).not.toMatch(/https?:/);
    expect(page).not.toContain('<img src=x');
    expect(page).not.toContain('<b>thing');
    expect(page).not.toContain('<b>bold');
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
    expect(policy).toContain("default-src 'none'");
    const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    expect(policy).toContain(`script-src ${hashOf(script)}`);
    expect(policy).toContain(`style-src ${hashOf(style)}`);
    const data =
      /<script type="application\/json" id="explanation">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    expect(JSON.parse(data)).toEqual({ explanation, picture, origin: null });
    expect(() => new Function(script)).not.toThrow();
  });
});
