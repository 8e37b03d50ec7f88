/** @file A small whole report for tests, and a reader of the page's elements. */

import type { RunReport } from '../../src/report/index.js';

/** A PNG of one pixel. */
const pixelUri =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export const sampleReport: RunReport = {
  title: 'A run',
  subtitle: 'Of a small model',
  facts: [{ label: 'Time', value: '3 min' }],
  curves: [
    {
      title: 'Loss',
      xLabel: 'step',
      yLabel: 'loss',
      series: [
        {
          name: 'training',
          points: [
            [2, 1.5],
            [1, 2.25],
            [3, Number.NaN],
            [4, 0.5],
            [4, 0.75],
          ],
        },
        { name: 'validation', points: [[4, 0.875]] },
      ],
    },
    { title: 'Empty chart', xLabel: 'step', yLabel: 'nothing', series: [{ name: 'none', points: [] }] },
  ],
  accuracy: {
    caption: 'Share of right answers',
    columns: ['this model', 'question only', 'majority'],
    rows: [
      { label: 'All', values: [0.894, 0.4125, 0.2], numQuestions: 3120 },
      { label: 'Color', values: [0.95, null, 0], numQuestions: 7 },
    ],
  },
  examples: [
    {
      imageDataUri: pixelUri,
      width: 200,
      height: 100,
      boxes: [{ x1: 10, y1: 20, x2: 50.5, y2: 90, label: 'a cup' }],
      question: 'What is on the table?',
      expected: ['cup', 'mug'],
      answers: [
        { answer: 'cup', probability: 0.8125 },
        { answer: 'plate', probability: 0.1 },
      ],
      isCorrect: true,
    },
  ],
  mistakes: {
    confusion: {
      answers: ['cup', 'plate'],
      counts: [
        [7, 2, 1],
        [0, 4, 0],
      ],
    },
    surestWrong: [
      {
        questionId: 7,
        question: 'What is under it?',
        imageIds: ['image_7'],
        expected: ['table', 'desk'],
        answer: 'floor',
        probability: 0.75,
      },
    ],
  },
  comparisons: [
    {
      title: 'What differs',
      lead: 'Two settings are the same.',
      columns: ['one', 'two'],
      rows: [{ label: 'learningRate', values: ['0.1', null] }],
    },
  ],
  notes: ['One seed only.'],
  commands: ['lxmert serve --model run'],
  problems: ['One line was left out.'],
  configuration: [{ title: 'model', lines: [{ label: 'hiddenSize', value: '768' }] }],
  log: ['Epoch 0', ''],
};

/** An element's opening tag with its attributes, entities decoded. */
export interface OpenedElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** What a strict reader finds on a page. */
export interface ParsedPage {
  readonly elements: readonly OpenedElement[];
  /** The raw texts of script and style elements by name, in order. */
  readonly rawTexts: readonly { readonly name: string; readonly text: string }[];
  /** All other text, entities decoded. */
  readonly text: string;
}

const voidElements = new Set(['meta', 'link', 'img', 'input', 'col']);

/**
 * Reads a page by the rules of HTML for tags, quoted attributes and raw text. Throws where a tag is not closed in
 * order or a character should have been an entity: stricter than a browser, so that nothing is mended in silence.
 */
export function parsePage(html: string): ParsedPage {
  const elements: OpenedElement[] = [];
  const rawTexts: { name: string; text: string }[] = [];
  const open: string[] = [];
  let text = '';
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${JSON.stringify(html.slice(at, at + 80))}`);
  };
  if (!html.startsWith('<!DOCTYPE html>')) fail('no doctype');
  at = '<!DOCTYPE html>'.length;
  while (at < html.length) {
    if (html[at] !== '<') {
      const end = html.indexOf('<', at);
      const stretch = html.slice(at, end === -1 ? html.length : end);
      text += decode(stretch);
      at += stretch.length;
      continue;
    }
    const closing = /^<\/([a-z][a-z0-9]*)>/.exec(html.slice(at, at + 40));
    if (closing !== null) {
      if (open.pop() !== closing[1]) fail('a closing tag out of order');
      at += closing[0].length;
      continue;
    }
    const tag = /<([a-z][a-z0-9]*)((?: [a-zA-Z][a-zA-Z0-9-]*(?:="[^"<>]*")?)*)(\/?)>/y;
    tag.lastIndex = at;
    const opening = tag.exec(html);
    if (opening === null) return fail('no tag');
    const name = opening[1]!;
    const attributes = new Map<string, string>();
    for (const [, key, value] of opening[2]!.matchAll(/ ([a-zA-Z][a-zA-Z0-9-]*)(?:="([^"]*)")?/g)) {
      if (attributes.has(key!)) fail('an attribute twice');
      attributes.set(key!, decode(value ?? ''));
    }
    elements.push({ name, attributes });
    at += opening[0].length;
    if (name === 'script' || name === 'style') {
      const end = html.toLowerCase().indexOf(`</${name}`, at);
      rawTexts.push({ name, text: html.slice(at, end) });
      at = end + `</${name}>`.length;
    } else if (!voidElements.has(name) && opening[3] === '') open.push(name);
  }
  if (open.length > 0) fail(`${open.join(', ')} not closed`);
  return { elements, rawTexts, text };
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', ndash: '-' };

function decode(text: string): string {
  return text.replace(/&([^;\s]*;)?/g, (entity, body: string | undefined) => {
    const name = body?.slice(0, -1) ?? '';
    const character = name.startsWith('#') ? String.fromCodePoint(Number(name.slice(1))) : named[name];
    if (character === undefined) throw new Error(`'${entity}' is no entity of this page`);
    return character;
  });
}
