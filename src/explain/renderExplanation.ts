/** @file An explanation as one web page, with the script and the style that were built for it. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Explanation } from './explanation.js';
import { type ExplanationOrigin, explanationPage } from './explanationPage.js';
import { webFolder } from './webFolder.js';

/**
 * The page, to be written to a file and opened offline.
 *
 * @param picture a data URI of the picture; without it, boxes are drawn on an empty field of its size
 * @param origin how it came about, to be told on the page
 * @throws LxmertError when the pages of web/ are not built
 */
export async function renderExplanation(
  explanation: Explanation,
  picture?: string,
  origin?: ExplanationOrigin,
): Promise<string> {
  const folder = path.join(webFolder(), 'explanation');
  const [script = '', style = ''] = await Promise.all(
    ['explanation.js', 'explanation.css'].map((name) => readFile(path.join(folder, name), 'utf8')),
  );
  return explanationPage(
    { script, style },
    { explanation, picture: picture ?? null, origin: origin ?? null },
  );
}
