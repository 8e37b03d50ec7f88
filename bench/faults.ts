/**
 * @file Runs commands on a full disk, in a read-only folder, with few file descriptors, with closed outputs and under
 * signals; ends with 1 unless each ends in time with a sentence, and, given again, with the output of an undisturbed run.
 * `node dist/bench/faults.js [--command NAME]... [--fault NAME]... [--log FILE]`
 */

import { appendFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { FAULT_NAMES, type FaultName, runUndisturbed, tryFault } from './reliability/faultTrials.js';
import { makeTriedCommands, TRIED_NAMES } from './reliability/triedCommands.js';

const { values } = parseArgs({
  options: {
    command: { type: 'string', multiple: true, default: [...TRIED_NAMES] },
    fault: { type: 'string', multiple: true, default: [...FAULT_NAMES] },
    log: { type: 'string' },
  },
});
const faults = FAULT_NAMES.filter((name) => values.fault.includes(name));
if (faults.length < values.fault.length || values.command.some((name) => !TRIED_NAMES.includes(name))) {
  console.error(`faults takes --fault ${FAULT_NAMES.join(', ')} and --command ${TRIED_NAMES.join(', ')}.`);
  process.exit(2);
}

const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-faults-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const at = (name: string): string => path.join(folder, name);
const commands = await makeTriedCommands(folder, values.command);
const table: string[] = [];
let numProblems = 0;
for (const command of commands) {
  const name = command.name.replaceAll(' ', '-');
  const undisturbed = await runUndisturbed(command, at(`${name}-whole`));
  const cells: string[] = [];
  for (const fault of faults) cells.push(await cellOf(fault));
  table.push(`| ${command.name} | ${cells.join(' | ')} |`);

  async function cellOf(fault: FaultName): Promise<string> {
    const result = await tryFault(command, fault, at(`${name}-tried`), undisturbed);
    if (result === undefined) return 'not tried';
    const { ended, problems } = result;
    const outcome = ended.signal ?? ended.status;
    const said = ended.stderr.trim().split('\n').at(-1) ?? '';
    console.log(
      `${command.name}, ${fault}: ${outcome}, ${ended.seconds.toFixed(1)} s: ${said.slice(0, 300)}`,
    );
    for (const problem of problems) console.log(`    PROBLEM: ${problem}`);
    numProblems += problems.length;
    const entry = { command: command.name, fault, outcome, seconds: ended.seconds, said, problems };
    if (values.log !== undefined) appendFileSync(values.log, `${JSON.stringify(entry)}\n`);
    return problems.length === 0 ? String(outcome) : `${outcome} (!)`;
  }
}
console.log(`\n| command | ${faults.join(' | ')} |`);
console.log(`| --- |${' ---: |'.repeat(faults.length)}`);
for (const line of table) console.log(line);
console.log(`\nThe number is the exit code under the fault; ${numProblems} problems.`);
if (numProblems > 0) process.exitCode = 1;
