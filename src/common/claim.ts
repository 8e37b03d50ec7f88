/**
 * @file Claims on a run folder or on parts of a job, as files: whoever makes the file has it. A claim whose process is gone
 * no longer counts. Two processes may, rarely, both find a dead claim and take it: parts of an extraction are then done
 * twice and nothing is lost, since each process keeps its rows in a log of its own.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { hasErrorCode } from './errors.js';

/** A living process renews its claim between pictures; one on another machine that has not for so long is gone. */
const STALE_AFTER_MS = 10 * 60_000;
const RENEW_AFTER_MS = 15_000;

const ownerSchema = z.object({
  host: z.string(),
  pid: z.int(),
  /** When the process started, in the system's own count; numbers of processes are used again. */
  started: z.string(),
  token: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

/** A part that this process has. */
export class Claim {
  #renewed = Date.now();

  private constructor(
    readonly file: string,
    private readonly token: string,
  ) {}

  /** Undefined when a living process has the part. */
  static async take(file: string): Promise<Claim | undefined> {
    const token = randomBytes(8).toString('hex');
    for (let attempt = 0; attempt < 2; attempt++) {
      if (await create(file, token)) return new Claim(file, token);
      if (await isHeld(file)) return undefined;
      await rm(file, { force: true });
    }
    return undefined;
  }

  /** To be called now and then: tells others that this process is alive. */
  async renew(): Promise<void> {
    if (Date.now() - this.#renewed < RENEW_AFTER_MS) return;
    this.#renewed = Date.now();
    await utimes(this.file, new Date(), new Date()).catch(() => undefined);
  }

  /** Gives the part back, unless another process has taken it over. */
  async release(): Promise<void> {
    const owner = await ownerOf(this.file);
    if (owner === undefined || owner.token === this.token) await rm(this.file, { force: true });
  }
}

async function create(file: string, token: string): Promise<boolean> {
  const owner: Owner = { host: hostname(), pid: process.pid, started: startOf(process.pid) ?? '', token };
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(JSON.stringify(owner));
    await handle.close();
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** The process that has a claim, in words; undefined when it is nobody's, or of a process that is gone. */
export async function holderOf(file: string): Promise<string | undefined> {
  if (!(await isHeld(file))) return undefined;
  const owner = await ownerOf(file);
  if (owner === undefined) return 'a process that has only just begun';
  return owner.host === hostname() ? `process ${owner.pid}` : `process ${owner.pid} on ${owner.host}`;
}

/** True when the file is the claim of a process that is, as far as can be known, alive. */
export async function isHeld(file: string): Promise<boolean> {
  // Asked first and without a trace: most often there is no claim.
  const owner = await ownerOf(file);
  if (owner !== undefined && owner.host === hostname()) return isRunning(owner);
  const age = await ageOf(file);
  if (age === undefined) return false;
  // One that is being written has no content yet; another machine's process shows that it lives by the file's age.
  return age < STALE_AFTER_MS;
}

function isRunning({ pid, started }: Owner): boolean {
  const found = startOf(pid);
  return found !== undefined && (started === '' || found === started);
}

async function ownerOf(file: string): Promise<Owner | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** By the file system's own clock, which machines that share it need not agree with. */
async function ageOf(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  const probe = path.join(path.dirname(file), `.clock-${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(probe, '');
    return (await stat(probe)).mtimeMs - found.mtimeMs;
  } finally {
    await rm(probe, { force: true });
  }
}

/** When a process of this machine started; undefined when there is none of that number. */
function startOf(pid: number): string | undefined {
  try {
    // Behind the name, which stands in brackets and may hold anything: field 22 of all, 20 of what is left.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return isAlive(pid) ? '' : undefined;
  }
}

/** For systems without /proc. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrorCode(error, 'EPERM');
  }
}
