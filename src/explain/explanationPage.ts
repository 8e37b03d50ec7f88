/** @file An explanation as one web page that holds all it needs; made by the program, and by a page that saves what it shows. */

import { selfContainedPage } from '../report/page.js';
import type { Explanation } from './explanation.js';

/** How an explanation came about. */
export interface ExplanationOrigin {
  /** The model's name. */
  readonly model: string;
  /** Of lxmert. */
  readonly version: string;
  /** When it was made, in ISO 8601. */
  readonly date: string;
  /** The picture's name. */
  readonly picture: string;
  /** What makes it again. */
  readonly command: string;
}

/** What the page's script finds in the document; the script is built from web/explanation.tsx. */
export interface ExplanationPage {
  readonly explanation: Explanation;
  /** A data URI. */
  readonly picture: string | null;
  readonly origin: ExplanationOrigin | null;
}

/** The script and the style that show it. */
export interface ExplanationParts {
  readonly script: string;
  readonly style: string;
}

export function explanationPage({ script, style }: ExplanationParts, page: ExplanationPage): string {
  return selfContainedPage({
    title: page.explanation.question,
    style,
    body: '<div id="root"></div>\n<noscript>This page needs JavaScript.</noscript>',
    script: { text: script, dataId: 'explanation', data: page },
  });
}
