/** @file A control group with a quota of processor time, for processes that are to be measured under it. */

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../../common/errors.js';
import { type CgroupPlace, cgroupPlaces } from '../../common/processorQuota.js';

const PERIOD_MICROSECONDS = 100_000;
/** A group is removed when its last process is gone, which takes the system moments. */
const REMOVAL_TRIES = 50;
const REMOVAL_PAUSE_MS = 20;

export class QuotaGroup implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  /**
   * @param root where `/proc` and `/sys` are; another in tests
   * @returns the group, or why there is none, as the end of a sentence
   */
  static create(processors: number, root = '/'): QuotaGroup | string {
    let problem = 'this system has no control groups of processor time';
    for (const { version, folder } of cgroupPlaces(root)) {
      const group = path.join(root, folder, `lxmert-bench-${process.pid}`);
      try {
        mkdirSync(group);
        try {
          limit(group, version, processors);
          return new QuotaGroup(group);
        } catch (error) {
          rmdirSync(group);
          throw error;
        }
      } catch (error) {
        problem = messageOf(error);
      }
    }
    return problem;
  }

  /** Words before a command that begin it in the group. */
  get prefix(): readonly string[] {
    // The shell enters the group and becomes the command.
    return ['/bin/sh', '-c', 'echo $$ > "$0" && exec "$@"', path.join(this.folder, 'cgroup.procs')];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let i = 0; i < REMOVAL_TRIES; i++) {
      try {
        rmdirSync(this.folder);
        return;
      } catch {
        await setTimeout(REMOVAL_PAUSE_MS);
      }
    }
  }
}

function limit(group: string, version: CgroupPlace['version'], processors: number): void {
  const quota = String(Math.round(processors * PERIOD_MICROSECONDS));
  if (version === 1) {
    writeFileSync(path.join(group, 'cpu.cfs_period_us'), String(PERIOD_MICROSECONDS));
    writeFileSync(path.join(group, 'cpu.cfs_quota_us'), quota);
    return;
  }
  const control = path.join(path.dirname(group), 'cgroup.subtree_control');
  if (
    !existsSync(path.join(group, 'cpu.max')) &&
    !readFileSync(control, 'utf8').split(/\s+/).includes('cpu')
  ) {
    writeFileSync(control, '+cpu');
  }
  writeFileSync(path.join(group, 'cpu.max'), `${quota} ${PERIOD_MICROSECONDS}`);
}
