/** @file An explanation as one web page that holds all it needs and asks the network for nothing. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { selfContainedPage } from '../report/index.js';
import type { Explanation } from './explanation.js';
import { webFolder } from './webFolder.js';

/** What the page's script finds in the document; the script is built from web/explanation.tsx. */
export interface ExplanationPage {
  readonly explanation: Explanation;
  /** A data URI. */
  readonly picture: string | null;
}

/**
 * The page, to be written to a file and opened offline.
 *
 * @param picture a data URI of the picture; without it, boxes are drawn on an empty field of its size
 * @throws LxmertError when the pages of web/ are not built
 */
export async function renderExplanation(explanation: Explanation, picture?: string): Promise<string> {
  const folder = path.join(webFolder(), 'explanation');
  const [script, style] = await Promise.all(
    ['explanation.js', 'explanation.css'].map((name) => readFile(path.join(folder, name), 'utf8')),
  );
  const data: ExplanationPage = { explanation, picture: picture ?? null };
  return selfContainedPage({
    title: explanation.question,
    style: style ?? '',
    body: '<div id="root"></div>\n<noscript>This page needs JavaScript.</noscript>',
    script: { text: script ?? '', dataId: 'explanation', data },
  });
}
