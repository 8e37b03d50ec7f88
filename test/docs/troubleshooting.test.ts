/** @file The page of symptoms quotes what the program says, and its commands exist. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultOfCommand } from '../support/commandReference.js';

const page = readFileSync('docs/how-to/troubleshooting.md', 'utf8');

/** All sources, with strings that are put together in one piece. */
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(path.join('src', name), 'utf8'))
  .join('\n')
  .replace(/['"`]\s*\+\s*['"`]/g, '');

/** Quotes of the symptoms, in bold; what a system says and not this program is exempt. */
const FOREIGN = ['undefined symbol', 'GLIBCXX not found'];
const quotes = [...page.replace(/\n/g, ' ').matchAll(/\*\*([^*]+)\*\*/g)]
  .flatMap(([, symptom]) => [...symptom!.matchAll(/"([^"]+)"/g)].map((match) => match[1]!))
  .filter((quote) => !FOREIGN.includes(quote));

describe('docs/how-to/troubleshooting.md', () => {
  it('quotes sentences', () => {
    expect(quotes.length).toBeGreaterThan(5);
  });

  it.each(quotes)('quotes the program: %s', (quote) => {
    // Numbers and names stand for those of an example.
    const parts = quote.split(/\.\.\.|\b\d+\b/).map((part) => part.trim().replace(/^, |,$/g, ''));
    for (const part of parts.filter((each) => each.length > 2)) expect(sources).toContain(part);
  });

  const commands = [...page.matchAll(/^npx lxmert .*$/gm)].map(([command]) => command);
  it.each(commands)('%s', (command) => {
    expect(faultOfCommand(command)).toBeUndefined();
  });

  it('names flags that exist', () => {
    const reference = readFileSync('docs/reference/cli.md', 'utf8');
    const flags = [...page.matchAll(/`(--[a-z-]+)/g)].map((match) => match[1]!);
    expect(flags.filter((flag) => !reference.includes(`\`${flag}`))).toEqual([]);
  });
});
