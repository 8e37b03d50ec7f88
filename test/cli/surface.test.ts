/** @file The whole command-line surface, frozen: a new or changed flag shows up here and is decided on purpose. */

import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { flagsOf } from '../../src/cli/config/config.js';
import { parameterNotes } from '../../src/cli/help.js';
import { parametersOf } from '../../src/cli/options.js';
import { runCommandLine } from '../../src/cli/program.js';

describe('the command-line surface', () => {
  // Its own `expect`: where it takes too long, what follows must not be kept under another test's name.
  it('is what was decided', async ({ expect }) => {
    const lines: string[] = [];
    for (const entry of catalogue) {
      const { command } = await entry.load();
      const words = parametersOf(command.arguments).map(({ name, isRequired, isList }) => {
        const text = isList ? `${name}...` : name;
        return isRequired ? text : `[${text}]`;
      });
      lines.push([entry.name, ...words].join(' '));
      for (const parameter of flagsOf(command)) {
        const value = parameter.type === 'boolean' ? '' : ` ${parameter.valueName}`;
        const negated = parameter.type === 'boolean' && parameter.defaultValue === true ? 'no-' : '';
        const short = parameter.short === undefined ? '' : ` -${parameter.short}`;
        const notes = parameterNotes(parameter).join('; ');
        lines.push(`  --${negated}${parameter.name}${value}${short}${notes === '' ? '' : ` (${notes})`}`);
      }
    }
    expect(lines.join('\n')).toMatchSnapshot();
  }, 120_000);

  it('gives every command a short summary, a description and examples of itself', async () => {
    for (const entry of catalogue) {
      const { command } = await entry.load();
      expect(entry.summary.length, entry.name).toBeLessThanOrEqual(70);
      expect(entry.summary, entry.name).toMatch(/^[A-Z].*[^.]$/);
      expect(command.description, entry.name).toMatch(/\.$/);
      for (const example of command.examples) expect(example.command).toContain(`lxmert ${entry.name}`);
    }
  });

  it('says of a flag what it does as it is written, --no-... included', async () => {
    for (const { name, load } of catalogue) {
      for (const flag of flagsOf((await load()).command)) {
        if (flag.type !== 'boolean') continue;
        const isNegated = flag.defaultValue === true;
        expect(/^(Do not|Leave out|Without|No)\b/.test(flag.description), `${name} ${flag.name}`).toBe(
          isNegated,
        );
      }
    }
  });

  it('says in what unit a number is, or what it counts', async () => {
    const units = /^(SECONDS|MILLISECONDS|MEBIBYTES|SHARE|PROBABILITY|RATE|WEIGHT|NORM|DEVIATION)$/;
    const numbers = /^(SEED|PORT|EPOCH|SCENE)$/;
    const counted =
      /\b(images|pictures|questions|answers|captions|sentences|examples|passes|regions|boxes|objects|rows|layers|heads|classes|word pieces|values|steps|snapshots|parts|threads|processes|attempts|repetitions)\b/i;
    for (const { name, load } of catalogue) {
      for (const flag of flagsOf((await load()).command)) {
        if (flag.type !== 'number' || numbers.test(flag.valueName)) continue;
        const isCount = flag.valueName === 'N' && flag.expectation.startsWith('a whole number');
        const hasUnit = isCount ? counted.test(flag.description) : units.test(flag.valueName);
        expect(hasUnit, `${name} --${flag.name} ${flag.valueName}: ${flag.description}`).toBe(true);
      }
    }
  });

  it.each(catalogue.map((entry) => [entry.name]))('%s builds its help', async (name) => {
    let printed = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        printed += chunk;
        done();
      },
    }) as NodeJS.WriteStream;
    const exitCode = await runCommandLine([...name.split(' '), '--help'], {
      stdout: stream,
      stderr: stream,
      entries: catalogue,
    });
    expect(exitCode, printed).toBe(0);
    expect(printed).toContain('Examples:');
  });
});
