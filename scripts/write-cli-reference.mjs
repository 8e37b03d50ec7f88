/** @file Writes docs/reference/cli.md from the built commands: `npm run docs:cli`. */

import { writeFileSync } from 'node:fs';
import { catalogue } from '../dist/src/cli/catalogue.js';
import { renderReference } from '../dist/src/cli/reference.js';

const file = new URL('../docs/reference/cli.md', import.meta.url);
writeFileSync(file, await renderReference(catalogue));
console.log('Wrote docs/reference/cli.md.');
