import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import { type RunReport, renderReport } from '../../src/report/index.js';
import { type ParsedPage, parsePage, sampleReport } from './sampleReport.js';

const page = parsePage(renderReport(sampleReport));

function attributesOf(parsed: ParsedPage, name: string): ReadonlyMap<string, string>[] {
  return parsed.elements.filter((element) => element.name === name).map(({ attributes }) => attributes);
}

function chartDataOf(parsed: ParsedPage): unknown {
  return JSON.parse(parsed.rawTexts.find(({ name }) => name === 'script')?.text ?? '');
}

/** The report with `text` in the place of every string but the image. */
function everywhere(text: string): RunReport {
  const replace = (value: unknown): unknown => {
    if (typeof value === 'string') return value.startsWith('data:') ? value : text;
    if (Array.isArray(value)) return value.map(replace);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  return replace(sampleReport) as RunReport;
}

describe('the page', () => {
  it('has every row, number and text of the report', () => {
    const texts = ['A run', 'Of a small model', 'Time', '3 min', 'Loss', 'training', 'validation'];
    texts.push('Share of right answers', 'this model', 'question only', 'majority', 'One seed only.');
    texts.push('All', '89.40 %', '41.25 %', '20.00 %', '3,120', 'Color', '95.00 %', 'not measured', '0.00 %');
    texts.push('What is on the table?', 'cup', 'mug', 'plate', '81.2 %', '10.0 %', 'a cup', 'Correct');
    texts.push('lxmert serve --model run', 'One line was left out.', 'model', 'hiddenSize768', 'Epoch 0');
    texts.push(
      'Which answer is taken for which',
      'another',
      'Sure and wrong',
      'What is under it?',
      'image_7',
    );
    texts.push('floor', '75.0 %', 'What differs', 'Two settings are the same.', 'learningRate');
    for (const text of texts) expect(page.text).toContain(text);
    expect(page.text).toMatch(/table.*desk/);
    expect(page.text).not.toContain('Wrong');
  });

  it('names rows and columns for screen readers, and images by their question', () => {
    const scopes = attributesOf(page, 'th').map((attributes) => attributes.get('scope'));
    expect(scopes.every((scope) => scope === 'col' || scope === 'row')).toBe(true);
    expect(attributesOf(page, 'img').map((attributes) => attributes.get('alt'))).toEqual([
      'Image for the question: What is on the table?',
    ]);
    const ids = new Set(page.elements.map(({ attributes }) => attributes.get('id')));
    const references = ['aria-labelledby', 'for'].flatMap((key) =>
      page.elements.flatMap(({ attributes }) => attributes.get(key) ?? []),
    );
    expect(references.length).toBeGreaterThan(4);
    for (const reference of references) expect(ids).toContain(reference);
  });

  it('draws boxes in pixels of the image and bars by probability', () => {
    expect(
      attributesOf(page, 'svg')
        .find((svg) => svg.get('class') === 'boxes')
        ?.get('viewBox'),
    ).toBe('0 0 200 100');
    const rects = attributesOf(page, 'rect');
    const box = rects.find((rect) => rect.get('class') === 'line');
    expect(['x', 'y', 'width', 'height'].map((key) => box?.get(key))).toEqual(['10', '20', '40.5', '70']);
    const fills = rects.filter((rect) => rect.get('class') === 'fill').map((rect) => rect.get('width'));
    expect(fills).toEqual(['89.40%', '41.25%', '20.00%', '95.00%', '0.00%', '81.25%', '10.00%']);
  });

  it('gives the chart sorted points, gaps as null, and leaves out charts without points', () => {
    expect(chartDataOf(page)).toEqual([
      {
        xLabel: 'step',
        yLabel: 'loss',
        series: [
          { name: 'training', x: [1, 2, 3, 4], y: [2.25, 1.5, null, 0.75] },
          { name: 'validation', x: [4], y: [0.875] },
        ],
      },
    ]);
    expect(page.text).not.toContain('Empty chart');
  });

  it('shades what is taken for what by its share of a row', () => {
    const classes = attributesOf(page, 'td').map((attributes) => attributes.get('class'));
    expect(classes.filter((each) => each?.includes('shade-'))).toEqual([
      'hit shade-3',
      'miss shade-1',
      'miss shade-1',
      'miss shade-0',
      'hit shade-4',
      'miss shade-0',
    ]);
  });

  it('shows pictures of wrong answers in place of their list, each with the page on why', () => {
    const [example] = sampleReport.examples;
    const wrongExamples = [{ ...example!, explanation: 'report-explanations/1.html' }];
    const parsed = parsePage(renderReport({ ...sampleReport, wrongExamples }));
    expect(parsed.text).not.toContain('What is under it?');
    expect(attributesOf(parsed, 'a').map((attributes) => attributes.get('href'))).toEqual([
      'report-explanations/1.html',
    ]);
    const ids = parsed.elements.flatMap(({ attributes }) => attributes.get('id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('sums a curve up in first, last, lowest and highest', () => {
    const points: [number, number][] = [
      [1, 0.25],
      [2, 1234.5678],
      [3, 0.00002],
      [4, 0.5],
    ];
    const curve = { ...sampleReport.curves[0]!, series: [{ name: 'a', points }] };
    const { text } = parsePage(renderReport({ ...sampleReport, curves: [curve] }));
    expect(text).toContain('a0.250.52e-51,235');
  });

  it('leaves out what the report does not have', () => {
    const bare = parsePage(
      renderReport({
        ...sampleReport,
        subtitle: '',
        facts: [],
        curves: [],
        accuracy: { caption: '', columns: [], rows: [] },
        examples: [],
        mistakes: undefined,
        comparisons: [],
        notes: [],
        commands: [],
        problems: [],
        configuration: [],
        log: [],
      }),
    );
    expect(bare.text.trim().split(/\s+/)).toEqual(['A', 'run', 'A', 'run']);
    expect(bare.rawTexts.map(({ name }) => name)).toEqual(['style']);
  });

  it('is the same for the same report', () => {
    expect(renderReport(sampleReport)).toBe(renderReport(sampleReport));
  });
});

describe('the network', () => {
  it('is not asked for anything', () => {
    for (const { name, attributes } of page.elements) {
      for (const [key, value] of attributes) {
        if (['src', 'href', 'srcset', 'data', 'action', 'poster', 'xlink:href', 'background'].includes(key)) {
          expect(value, `${name} ${key}`).toMatch(/^data:/);
        }
      }
    }
    const styles = page.rawTexts.filter(({ name }) => name === 'style').map(({ text }) => text);
    expect(styles).toHaveLength(1);
    expect(styles[0]).not.toMatch(/url\(|@import|@font-face/i);
    const scripts = page.rawTexts.filter(({ name }) => name === 'script').map(({ text }) => text);
    expect(scripts).toHaveLength(2);
    for (const script of scripts) {
      expect(script).not.toMatch(/\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\(/);
    }
  });

  it('is forbidden by a policy that allows the page its own script and style alone', () => {
    const policy = attributesOf(page, 'meta').find((meta) => meta.get('http-equiv') !== undefined);
    expect(policy?.get('http-equiv')).toBe('Content-Security-Policy');
    const directives = new Map(
      (policy?.get('content') ?? '').split('; ').map((directive) => {
        const [name, ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const style = page.rawTexts.find(({ name }) => name === 'style')?.text ?? '';
    const script = page.rawTexts.at(-1)?.text ?? '';
    expect(Object.fromEntries(directives)).toEqual({
      'default-src': "'none'",
      'img-src': 'data:',
      'style-src': hash(style),
      'script-src': hash(script),
      'base-uri': "'none'",
      'form-action': "'none'",
    });
    // The policy refuses these.
    for (const { attributes } of page.elements) {
      for (const key of attributes.keys()) expect(key).not.toMatch(/^(?:style|on.*)$/i);
    }
    // Only what stands after the policy is bound by it.
    expect(page.elements.findIndex(({ attributes }) => attributes.has('http-equiv'))).toBeLessThan(
      page.elements.findIndex(({ name }) => name === 'link' || name === 'style'),
    );
  });

  it('is not needed by the script, which is whole and carries the license of its library', () => {
    const script = page.rawTexts.at(-1)?.text ?? '';
    expect(() => new Script(script)).not.toThrow();
    expect(script).toContain('The MIT License (MIT)');
    expect(script).toContain('var uPlot=');
  });
});

describe('hostile text', () => {
  const attacks = [
    '</script><script>alert(1)</script>',
    '<!--<script>',
    '</style><img src=x onerror=alert(1)>',
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    '&lt;b&gt; &amp; &#60;',
    '</title><base href=//example.org>',
    ']]>`$(alert)\\u003c\u2028\u2029',
  ];

  it.each(attacks)('stays text: %s', (attack) => {
    const parsed = parsePage(renderReport(everywhere(attack)));
    const shape = (of: ParsedPage) =>
      of.elements.map(({ name, attributes }) => `${name} ${[...attributes.keys()].join(' ')}`);
    expect(shape(parsed)).toEqual(shape(page));
    expect(parsed.rawTexts.map(({ name }) => name)).toEqual(page.rawTexts.map(({ name }) => name));
    // Every place that shows the report's words shows them unchanged.
    const numPlaces = (of: ParsedPage, text: string) => of.text.split(text).length - 1;
    expect(numPlaces(parsed, attack)).toBe(numPlaces(parsePage(renderReport(everywhere('Zebra'))), 'Zebra'));
    expect(chartDataOf(parsed)).toMatchObject([{ xLabel: attack, series: [{ name: attack }, {}] }]);
  });

  it('loses controls and lone surrogates', () => {
    const { text } = parsePage(renderReport({ ...sampleReport, notes: ['a\u0000b\ud800c\u{1f600}'] }));
    expect(text).toContain('a\ufffdb\ufffdc\u{1f600}');
  });
});

describe('reports that contradict themselves', () => {
  const example = sampleReport.examples[0]!;
  const withExample = (change: Partial<typeof example>): RunReport => ({
    ...sampleReport,
    examples: [{ ...example, ...change }],
  });
  const withRow = (values: (number | null)[]): RunReport => ({
    ...sampleReport,
    accuracy: { ...sampleReport.accuracy, rows: [{ label: 'All', values, numQuestions: 1 }] },
  });

  it.each<[string, RunReport, RegExp]>([
    [
      'an image from elsewhere',
      withExample({ imageDataUri: 'https://example.org/a.png' }),
      /example 1.*data URI/,
    ],
    ['an image with script', withExample({ imageDataUri: 'data:image/svg+xml;base64,AAAA' }), /data URI/],
    [
      'an image that leaves its attribute',
      withExample({ imageDataUri: `${example.imageDataUri}" onload="a` }),
      /data URI/,
    ],
    ['no height', withExample({ height: 0 }), /200 x 0/],
    ['a box inside out', withExample({ boxes: [{ x1: 5, y1: 0, x2: 4, y2: 1 }] }), /\(5, 0, 4, 1\)/],
    ['a box of no number', withExample({ boxes: [{ x1: Number.NaN, y1: 0, x2: 4, y2: 1 }] }), /NaN/],
    ['a percentage', withExample({ answers: [{ answer: 'cup', probability: 81 }] }), /'cup'.*got 81/],
    ['no probability', withExample({ answers: [{ answer: 'cup', probability: Number.NaN }] }), /got NaN/],
    ['an accuracy in percent', withRow([89, 0, 0]), /'All', 'this model', and got 89/],
    [
      'a link that leads elsewhere',
      { ...sampleReport, wrongExamples: [{ ...example, explanation: 'https://example.org/why.html' }] },
      /page beside it/,
    ],
    [
      'a link that runs a script',
      { ...sampleReport, wrongExamples: [{ ...example, explanation: 'javascript:alert(1)' }] },
      /page beside it/,
    ],
    ['a short row', withRow([0.5]), /1 values for 3 columns/],
  ])('are refused: %s', (_what, report, message) => {
    expect(() => renderReport(report)).toThrow(LxmertError);
    expect(() => renderReport(report)).toThrow(message);
  });

  it('takes a probability that rounding put above 1', () => {
    const { text } = parsePage(
      renderReport(withExample({ answers: [{ answer: 'cup', probability: 1.0000001 }] })),
    );
    expect(text).toContain('100.0 %');
  });
});
