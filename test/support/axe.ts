/** @file What axe-core finds in a page: breaches of WCAG 2.2 AA, and of what its makers call best practice. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Each breach as `rule (impact): selector, selector`; empty for a page without any. */
export async function violationsOf(page: Page): Promise<string[]> {
  // As the debugger runs it: pages with a security policy of their own take no script from elsewhere.
  const { violations } = (await page.evaluate(
    `${source}; axe.run(document, { runOnly: ${JSON.stringify(TAGS)} })`,
  )) as AxeResults;
  return violations.map(
    ({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}
