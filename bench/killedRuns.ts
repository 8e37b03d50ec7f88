/**
 * @file Kills the long commands without warning at moments spread over a run and at the worst ones, goes on with the same
 * command line, and ends with 1 unless every output has the bytes of a run that nobody disturbed.
 * `node dist/bench/killedRuns.js [--kills 20] [--seed 1] [--command NAME]... [--size full|small] [--log FILE]`
 */

import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../src/common/random.js';
import { differencesBetween } from './reliability/compareFolders.js';
import { emptyFolder } from './reliability/emptyFolder.js';
import {
  JOB_NAMES,
  type Job,
  type JobName,
  type JobSizes,
  makeJobs,
  type Target,
} from './reliability/jobs.js';
import { type Ended, start } from './reliability/program.js';

const SIZES: Readonly<Record<string, JobSizes>> = {
  full: { numImages: 200, numEpochs: 4, numPictures: 12 },
  small: { numImages: 60, numEpochs: 2, numPictures: 3 },
};
/** A moment of a few milliseconds is missed now and then: the run is then begun again. */
const MAX_ATTEMPTS = 8;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    command: { type: 'string', multiple: true, default: [...JOB_NAMES] },
    size: { type: 'string', default: 'full' },
    log: { type: 'string' },
  },
});
const numKills = Number(values.kills);
const seed = Number(values.seed);
const sizes = SIZES[values.size];
const names = JOB_NAMES.filter((name) => values.command.includes(name));
if (!(numKills >= 1) || !(seed >= 0) || sizes === undefined || names.length < values.command.length) {
  console.error(`killedRuns takes --kills, --seed, --size full or small, --command ${JOB_NAMES.join(', ')}.`);
  process.exit(2);
}

/** One kill: where it was to be, whether it was there, and what came of it. */
interface Trial {
  readonly command: string;
  readonly number: number;
  readonly moment: string;
  /** Milliseconds after the start. */
  readonly killedAfter: number;
  readonly wasInside: boolean;
  readonly numAttempts: number;
  /** Kills of the run that goes on. */
  readonly numMoreKills: number;
  readonly problems: readonly string[];
}

const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-kills-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
console.log(`${numKills} kills of each command, seed ${seed}, size ${values.size}.`);
const jobs = await makeJobs(folder, names, sizes);
const trials: Trial[] = [];
for (const name of names) await tryJob(jobs.get(name) as Job, name);
printTable();
if (trials.some(({ problems }) => problems.length > 0)) process.exitCode = 1;

async function tryJob(job: Job, name: JobName): Promise<void> {
  const whole = emptyFolder(folder, `${name}-whole`);
  const undisturbed = await start(job.words, { cwd: whole }).ended;
  if (undisturbed.status !== 0)
    throw new Error(`${name} ended with ${undisturbed.status}: ${undisturbed.stderr}`);
  console.log(`${name}: ${undisturbed.seconds.toFixed(1)} s undisturbed`);
  const random = Random.derive(seed, name);
  for (let number = 0; number < numKills; number++) {
    // In turn: a moment anywhere in the run, and one of the worst.
    const target = number % 2 === 0 ? undefined : job.targets[(number >> 1) % job.targets.length];
    const trial = await tryOnce(job, number, target, undisturbed.seconds * 1000, random, whole);
    trials.push(trial);
    if (values.log !== undefined) appendFileSync(values.log, `${JSON.stringify(trial)}\n`);
    const { moment, killedAfter, wasInside, problems } = trial;
    const outcome = problems.length === 0 ? 'the same bytes' : problems.join('; ');
    console.log(`  ${number + 1}. ${moment}, ${killedAfter} ms${wasInside ? '' : ' (missed)'}: ${outcome}`);
  }
}

async function tryOnce(
  job: Job,
  number: number,
  target: Target | undefined,
  milliseconds: number,
  random: Random,
  whole: string,
): Promise<Trial> {
  let killedAfter = 0;
  let numAttempts = 0;
  let wasInside = false;
  let place = '';
  while (!wasInside && numAttempts++ < MAX_ATTEMPTS) {
    place = emptyFolder(folder, `trial-${number}`);
    // Runs are about as long as the one before: all of it can be reached, its end sometimes missed.
    killedAfter = await startAndKill(job, place, random.uniform() * milliseconds, target, random);
    wasInside = killedAfter > 0 && (target === undefined || target.isNow(place));
  }
  let numMoreKills = 0;
  if (number % 5 === 4) {
    const after = await startAndKill(job, place, random.uniform() * milliseconds, undefined, random);
    if (after > 0) numMoreKills++;
  }
  const last = await start(job.words, { cwd: place }).ended;
  const problems = problemsOf(job, last, place, whole);
  if (problems.length === 0) rmSync(place, { recursive: true });
  return {
    command: job.name,
    number,
    moment: target?.name ?? 'any moment',
    killedAfter: Math.round(killedAfter),
    wasInside,
    numAttempts,
    numMoreKills,
    problems,
  };
}

/** @returns milliseconds after which it was killed, or 0 when it had ended before */
async function startAndKill(
  job: Job,
  cwd: string,
  after: number,
  target: Target | undefined,
  random: Random,
): Promise<number> {
  const begin = performance.now();
  const { child, ended, hasEnded } = start(job.words, { cwd, stdio: 'ignore' });
  const elapsed = (): number => performance.now() - begin;
  if (target === undefined) {
    while (!hasEnded() && elapsed() < after) await sleep(Math.min(20, after - elapsed()));
  } else {
    // Not the first such moment always: one after a time that is drawn.
    while (!hasEnded() && (elapsed() < after * 0.7 || !target.isNow(cwd))) await sleep(1);
    await sleep(random.uniform() * (target.delay ?? 0));
  }
  const killedAfter = elapsed();
  child.kill('SIGKILL');
  return (await ended).signal === 'SIGKILL' ? killedAfter : 0;
}

function problemsOf(job: Job, last: Ended, place: string, whole: string): string[] {
  const problems: string[] = [];
  if (last.isHung) problems.push('the run that went on did not end');
  if (last.status !== 0)
    problems.push(`the run that went on ended with ${last.status}: ${last.stderr.slice(-500)}`);
  if (!existsSync(path.join(place, job.output))) return [...problems, 'there is no output'];
  problems.push(...differencesBetween(whole, place));
  return problems;
}

function printTable(): void {
  console.log('\n| command | kills | at any moment | at a chosen one (in time) | the same bytes |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const name of names) {
    const own = trials.filter(({ command }) => command === name);
    const chosen = own.filter(({ moment }) => moment !== 'any moment');
    const inTime = chosen.filter(({ wasInside }) => wasInside).length;
    const total = own.reduce((sum, { numMoreKills }) => sum + 1 + numMoreKills, 0);
    const same = own.filter(({ problems }) => problems.length === 0).length;
    console.log(
      `| ${name} | ${total} | ${own.length - chosen.length} | ${chosen.length} (${inTime}) | ${same} of ${own.length} |`,
    );
  }
}
