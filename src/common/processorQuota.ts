/**
 * @file How much processor time control groups leave this process, where the system limits its time and not its processors:
 * `cpu.max` of version 2, `cpu.cfs_quota_us` of version 1, or both side by side.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface ProcessorQuota {
  /** Processors' worth of time, such as 1.5. */
  readonly processors: number;
  /** Microseconds in which that many processors' time may be spent; afterwards all threads are stopped until it is over. */
  readonly periodMicroseconds: number;
  /** The file that says so. */
  readonly file: string;
}

/**
 * The tightest quota on the way from this process's group to the outermost one that can be seen: each of them holds.
 *
 * @param root where `/proc` and `/sys` are; another in tests
 * @returns undefined without a quota, and where the system has no such groups
 */
export function processorQuota(root = '/'): ProcessorQuota | undefined {
  const quotas = cgroupPlaces(root).flatMap(({ version, folder }) => quotaIn(root, version, folder) ?? []);
  return quotas.sort((a, b) => a.processors - b.processors)[0];
}

/** The folder of a group. */
export interface CgroupPlace {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** The groups that limit this process's time, from its own outwards; of several hierarchies one after the other. */
export function cgroupPlaces(root = '/'): CgroupPlace[] {
  const groups = memberships(readText(path.join(root, 'proc/self/cgroup')));
  return cgroupMounts(readText(path.join(root, 'proc/self/mountinfo'))).flatMap((mount) => {
    const group = groups.get(mount.version);
    return group === undefined ? [] : placesOf(mount, group);
  });
}

interface CgroupMount extends CgroupPlace {
  /** Which group of the hierarchy is mounted there. */
  readonly group: string;
}

/** This process's group in the hierarchy that limits processors, by version: `4:cpu,cpuacct:/a/b` or `0::/a/b`. */
function memberships(text: string): ReadonlyMap<CgroupPlace['version'], string> {
  const groups = new Map<CgroupPlace['version'], string>();
  for (const line of text.split('\n')) {
    const [, number, controllers = '', group] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (group === undefined) continue;
    if (number === '0' && controllers === '') groups.set(2, group);
    else if (controllers.split(',').includes('cpu')) groups.set(1, group);
  }
  return groups;
}

/** `36 35 0:30 /group /folder options - type source superoptions`, blanks within written as `\040`. */
function cgroupMounts(text: string): CgroupMount[] {
  return text.split('\n').flatMap((line): CgroupMount[] => {
    const [own = '', file = ''] = line.split(' - ');
    const [, , , group, folder] = own.split(' ').map(unescaped);
    const [type, , options = ''] = file.split(' ');
    if (group === undefined || folder === undefined) return [];
    if (type === 'cgroup2') return [{ version: 2, group, folder }];
    return type === 'cgroup' && options.split(',').includes('cpu') ? [{ version: 1, group, folder }] : [];
  });
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** The group's and those of all around it, as far as they are mounted. */
function placesOf({ version, group: mounted, folder }: CgroupMount, group: string): CgroupPlace[] {
  // A container often sees its own group as the outermost one, while its processes are named by the host, or by `/../..`.
  const relative = path.posix.relative(mounted, group);
  const isBelow = relative !== '..' && !relative.startsWith('../');
  const names = isBelow ? relative.split('/').filter((name) => name !== '') : [];
  return Array.from({ length: names.length + 1 }, (_, up) => ({
    version,
    folder: path.posix.join(folder, ...names.slice(0, names.length - up)),
  }));
}

function quotaIn(root: string, version: CgroupPlace['version'], folder: string): ProcessorQuota | undefined {
  const read = (name: string): string => readText(path.join(root, folder, name)).trim();
  const name = version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us';
  // "max 100000" or -1 without a quota.
  const [quota, period] =
    version === 2
      ? read(name).split(/\s+/).map(wholeNumber)
      : [read(name), read('cpu.cfs_period_us')].map(wholeNumber);
  if (quota === undefined || period === undefined) return undefined;
  return { processors: quota / period, periodMicroseconds: period, file: path.posix.join(folder, name) };
}

/** A number from 1; undefined for anything else. */
function wholeNumber(text: string): number | undefined {
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
