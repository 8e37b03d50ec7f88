/**
 * @file Ends trainings as people and their terminals do, at moments spread over the run: Ctrl-C under `| tee`, a terminal that
 * is closed, a reader of the output that goes away. Ends with 1 unless each left a snapshot and the last weights, and, given
 * again, the bytes of a run that nobody disturbed.
 * `node dist/bench/interruptedRuns.js [--times 20] [--seed 1] [--command NAME]... [--ending NAME]... [--log FILE]`
 */

import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../src/common/random.js';
import { emptyFolder } from './reliability/emptyFolder.js';
import { type Job, makeJobs, recordsIn, STEPS_PER_EPOCH } from './reliability/jobs.js';
import { faultsOfMessage } from './reliability/messages.js';
import { type Ended, start } from './reliability/program.js';
import { problemsOfRepeat } from './reliability/repeat.js';

const SIZES = { numImages: 60, numEpochs: 2, numPictures: 3 };
const COMMANDS = ['finetune', 'pretrain'] as const;
/** Its last weights, by which a run that was stopped is used. */
const LAST_WEIGHTS = { finetune: 'LAST.pth', pretrain: 'LAST_LXRT.pth' } as const;
/** A run that ends before its moment comes is begun again. */
const MAX_ATTEMPTS = 8;

/** The snapshot of an interrupt is one of the number that is kept: an older one has gone for it. */
const OTHER_SNAPSHOT =
  /^afterwards, run\/snapshots\/step-\d+\.(json|safetensors) (is missing|should not be there)$/;

interface Ending {
  readonly name: string;
  /** Bash that runs "$@". Its processes are a group of their own, as those of a terminal's line are. */
  readonly line: (numLines: number) => string;
  /** Sent to the group; without one, the reader leaves and the run trains to its end. */
  readonly signal?: NodeJS.Signals;
  readonly status: number;
}

const ENDINGS: readonly Ending[] = [
  {
    name: 'Ctrl-C under tee',
    // Bash waits for the run and gives its exit code; tee is gone before the run writes again.
    line: () =>
      `trap '' INT; (trap - INT; exec "$@") 2>&1 | (trap - INT; exec tee /dev/null); exit "\${PIPESTATUS[0]}"`,
    signal: 'SIGINT',
    status: 130,
  },
  { name: 'SIGHUP', line: () => 'exec "$@"', signal: 'SIGHUP', status: 129 },
  {
    name: 'closed reader',
    line: (numLines) => `"$@" 2>&1 | head -n ${numLines} > /dev/null; exit "\${PIPESTATUS[0]}"`,
    status: 0,
  },
];

const { values } = parseArgs({
  options: {
    /** Of each command and ending. */
    times: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    command: { type: 'string', multiple: true, default: [...COMMANDS] },
    ending: { type: 'string', multiple: true, default: ENDINGS.map(({ name }) => name) },
    log: { type: 'string' },
  },
});
const [numTimes, seed] = [Number(values.times), Number(values.seed)];
const commands = COMMANDS.filter((name) => values.command.includes(name));
const endings = ENDINGS.filter(({ name }) => values.ending.includes(name));
if (
  !(numTimes >= 1) ||
  !(seed >= 0) ||
  commands.length < values.command.length ||
  endings.length < values.ending.length
) {
  const known = ENDINGS.map(({ name }) => `'${name}'`).join(', ');
  console.error(
    `interruptedRuns takes --times, --seed, --command ${COMMANDS.join(', ')} and --ending ${known}.`,
  );
  process.exit(2);
}

const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-interrupts-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const jobs = await makeJobs(folder, commands, SIZES);
const table: string[] = [];
for (const command of commands) await tryCommand(command, jobs.get(command) as Job);
console.log('\n| command | ending | times | snapshot and last weights | the same bytes afterwards |');
console.log('| --- | --- | ---: | ---: | ---: |');
console.log(table.join('\n'));

async function tryCommand(command: (typeof COMMANDS)[number], job: Job): Promise<void> {
  const whole = emptyFolder(folder, `${command}-whole`);
  const started = start(job.words, { cwd: whole });
  // How long it trains: from its first record to the last epoch's.
  while (!started.hasEnded() && epochsIn(whole) === undefined) await sleep(2);
  const begin = performance.now();
  while (!started.hasEnded() && (epochsIn(whole) ?? 0) < SIZES.numEpochs) await sleep(2);
  const milliseconds = performance.now() - begin;
  const undisturbed = await started.ended;
  if (undisturbed.status !== 0)
    throw new Error(`${command} ended with ${undisturbed.status}: ${undisturbed.stderr}`);
  const numLines = `${undisturbed.stdout}${undisturbed.stderr}`.split('\n').length - 1;
  for (const ending of endings) {
    const random = Random.derive(seed, `${command} ${ending.name}`);
    let [numSaved, numSame] = [0, 0];
    for (let number = 0; number < numTimes; number++) {
      const place = emptyFolder(folder, `${command}-${number}`);
      const { moment, problems } = await endRun(job, ending, numLines, milliseconds, random, place);
      if (ending.signal !== undefined) problems.push(...notSaved(place, LAST_WEIGHTS[command]));
      if (problems.length === 0) numSaved++;
      const after = (await problemsOfRepeat(job.words, place, whole)).filter(
        (each) => !OTHER_SNAPSHOT.test(each),
      );
      if (after.length === 0) numSame++;
      const all = [...problems, ...after];
      if (all.length > 0) process.exitCode = 1;
      rmSync(place, { recursive: true });
      console.log(
        `${command}, ${ending.name} ${number + 1}, ${moment}: ${all.length === 0 ? 'well' : all.join('; ')}`,
      );
      if (values.log !== undefined)
        appendFileSync(
          values.log,
          `${JSON.stringify({ command, ending: ending.name, moment, problems: all })}\n`,
        );
    }
    table.push(
      `| ${command} | ${ending.name} | ${numTimes} | ${numSaved} of ${numTimes} | ${numSame} of ${numTimes} |`,
    );
  }
}

/** Starts the job and ends it once it trains, after a time or a number of lines that is drawn. */
async function endRun(
  job: Job,
  ending: Ending,
  numLines: number,
  milliseconds: number,
  random: Random,
  cwd: string,
): Promise<{ moment: string; problems: string[] }> {
  for (let attempt = 1; ; attempt++) {
    const lines = 1 + Math.floor(random.uniform() * (numLines - 1));
    const around = ['bash', '-c', ending.line(lines), 'bash'];
    const { child, ended, hasEnded } = start(job.words, { cwd, around, detached: true });
    if (ending.signal === undefined)
      return { moment: `after ${lines} lines`, problems: problemsOf(await ended, ending) };
    // Before its first record a run has nothing to save, and after the last epoch's it has saved all.
    while (!hasEnded() && epochsIn(cwd) === undefined) await sleep(2);
    const after = random.uniform() * milliseconds;
    const end = performance.now() + after;
    while (!hasEnded() && performance.now() < end) await sleep(Math.min(5, after));
    const isInTime = !hasEnded() && (epochsIn(cwd) ?? 0) < SIZES.numEpochs;
    signalGroup(child.pid as number, isInTime ? ending.signal : 'SIGKILL');
    const last = await ended;
    // One that was at its end already came to it.
    if ((isInTime && last.status !== 0) || attempt === MAX_ATTEMPTS)
      return { moment: `${Math.round(after)} ms after its first record`, problems: problemsOf(last, ending) };
    emptyFolder(cwd);
  }
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function problemsOf({ status, signal, stderr, isHung }: Ended, ending: Ending): string[] {
  const problems = stderr === '' ? [] : faultsOfMessage(stderr);
  if (isHung) problems.push('it did not end');
  if (status !== ending.status) problems.push(`it ended with ${status ?? signal}: ${stderr.slice(-300)}`);
  return problems;
}

/** Epochs whose records are written; undefined before the first record of any kind. */
function epochsIn(place: string): number | undefined {
  const records = recordsIn(place);
  return records.length === 0 ? undefined : records.filter(({ step }) => step === undefined).length;
}

function notSaved(place: string, weights: string): string[] {
  const snapshots = path.join(place, 'run/snapshots');
  const names = existsSync(snapshots) ? readdirSync(snapshots) : [];
  const steps = names.filter((name) => name.endsWith('.json')).map((name) => Number(/\d+/.exec(name)?.[0]));
  if (steps.length === 0) return ['there is no snapshot'];
  // Between two epochs a pre-training's last weights are those of the epoch that has ended.
  const epoch = Math.max(...steps) / STEPS_PER_EPOCH;
  const isThere = [weights, `Epoch${String(epoch).padStart(2, '0')}_LXRT.pth`].some((name) =>
    existsSync(path.join(place, 'run', name)),
  );
  return isThere ? [] : [`there is no ${weights}`];
}
