/** @file Writes the pages that are made from the built commands and tasks: `npm run docs:cli`. */

import { writeFileSync } from 'node:fs';
import { catalogue } from '../dist/src/cli/catalogue.js';
import { renderReference } from '../dist/src/cli/reference.js';
import { renderTaskReference } from '../dist/src/cli/taskReference.js';

const pages = { 'cli.md': await renderReference(catalogue), 'tasks.md': await renderTaskReference() };
for (const [name, text] of Object.entries(pages)) {
  writeFileSync(new URL(`../docs/reference/${name}`, import.meta.url), text);
  console.log(`Wrote docs/reference/${name}.`);
}
