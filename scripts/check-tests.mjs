/**
 * @file Judges what vitest's JSON reporter wrote: `node scripts/check-tests.mjs FILE --allow RULE ...` lists the skipped
 * tests by the rule that their titles name (test/support/skips.ts) and ends with 1 where a test failed, none ran, or one
 * was skipped without a rule or by a rule that is not allowed here. The last line counts the tests.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { allow: { type: 'string', multiple: true, default: [] } },
  allowPositionals: true,
});

const counts = { passed: 0, failed: 0, skipped: 0 };
const skippedByRule = new Map();
const files = positionals.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')).testResults);
for (const { fullName, status } of files.flatMap(({ assertionResults }) => assertionResults)) {
  const outcome = status === 'passed' || status === 'failed' ? status : 'skipped';
  counts[outcome]++;
  if (outcome !== 'skipped') continue;
  const rule = /\[needs: ([^\]]+)\]/.exec(fullName)?.[1];
  skippedByRule.set(rule, [...(skippedByRule.get(rule) ?? []), fullName]);
}

// A file fails with its tests, and when it cannot be read or a hook throws.
let isSound = counts.passed > 0 && files.every(({ status }) => status === 'passed');
for (const [rule, names] of skippedByRule) {
  const isAllowed = values.allow.includes(rule);
  isSound &&= isAllowed;
  const reason = rule === undefined ? 'without a rule (see test/support/skips.ts)' : `for want of: ${rule}`;
  console.log(`${names.length} skipped ${reason}${isAllowed ? '' : ', which is not allowed here'}`);
  for (const name of names) console.log(`  ${name}`);
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = isSound ? 0 : 1;
