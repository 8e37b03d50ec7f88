import { describe, expect, it } from 'vitest';
import { processorQuota } from '../../src/common/processorQuota.js';
import {
  numComputeThreads,
  numUsableProcessors,
  usableProcessors,
} from '../../src/common/usableProcessors.js';
import { madeUpRoot } from '../support/madeUpRoot.js';

const V2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
const V1 =
  '31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n' +
  '32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n' +
  '33 30 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n';

/** The files of a group of version 2, and of version 1. */
const max = (folder: string, text: string) => ({ [`sys/fs/cgroup${folder}/cpu.max`]: text });
const cfs = (folder: string, quota: string, period = '100000\n') => ({
  [`sys/fs/cgroup/cpu,cpuacct${folder}/cpu.cfs_quota_us`]: quota,
  [`sys/fs/cgroup/cpu,cpuacct${folder}/cpu.cfs_period_us`]: period,
});
const proc = (cgroup: string, mountinfo: string) => ({
  'proc/self/cgroup': cgroup,
  'proc/self/mountinfo': mountinfo,
});

describe('a quota of processor time', () => {
  it('of version 2 is in cpu.max of the own group', () => {
    const root = madeUpRoot({ ...proc('0::/app\n', V2), ...max('/app', '150000 100000\n') });
    expect(processorQuota(root)).toEqual({
      processors: 1.5,
      periodMicroseconds: 100_000,
      file: '/sys/fs/cgroup/app/cpu.max',
    });
  });

  it('holds for all groups below: the tightest on the way counts', () => {
    const root = madeUpRoot({
      ...proc('0::/pod/box/app\n', V2),
      ...max('/pod', '50000 20000\n'),
      ...max('/pod/box', '400000 100000\n'),
      ...max('/pod/box/app', 'max 100000\n'),
      ...max('/other', '1000 100000\n'),
    });
    expect(processorQuota(root)).toEqual({
      processors: 2.5,
      periodMicroseconds: 20_000,
      file: '/sys/fs/cgroup/pod/cpu.max',
    });
  });

  it('of a container is at the mount where the group is named as the host sees it', () => {
    const mount = '30 23 0:26 /docker/1f /sys/fs/cgroup rw - cgroup2 cgroup rw\n';
    const limited = max('', '200000 100000\n');
    for (const group of ['/docker/1f', '/', '/../..', '/docker/2e'])
      expect(processorQuota(madeUpRoot({ ...proc(`0::${group}\n`, mount), ...limited }))?.processors).toBe(2);
    const below = { ...proc('0::/docker/1f/job\n', mount), ...max('/job', '50000 100000\n') };
    expect(processorQuota(madeUpRoot({ ...below, ...limited }))?.file).toBe('/sys/fs/cgroup/job/cpu.max');
  });

  it('of version 1 is in two files, of each group on the way', () => {
    const root = madeUpRoot({
      ...proc('5:memory:/z\n4:cpu,cpuacct:/a/b\n', V1),
      ...cfs('', '-1\n'),
      ...cfs('/a', '75000\n', '50000\n'),
      ...cfs('/a/b', '-1\n'),
      'sys/fs/cgroup/memory/z/cpu.cfs_quota_us': '1\n',
      'sys/fs/cgroup/memory/z/cpu.cfs_period_us': '100\n',
    });
    expect(processorQuota(root)).toEqual({
      processors: 1.5,
      periodMicroseconds: 50_000,
      file: '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us',
    });
  });

  it('is looked for in both versions where both are mounted', () => {
    const unified = '35 30 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n';
    const groups = '4:cpu,cpuacct:/a\n1:name=systemd:/s\n0::/u\n';
    const one = { ...proc(groups, V1 + unified), ...cfs('/a', '300000\n') };
    expect(processorQuota(madeUpRoot(one))?.processors).toBe(3);
    const both = { ...one, 'sys/fs/cgroup/unified/u/cpu.max': '250000 100000\n' };
    expect(processorQuota(madeUpRoot(both))?.file).toBe('/sys/fs/cgroup/unified/u/cpu.max');
  });

  it('is found where names have blanks', () => {
    const mount = '30 23 0:26 / /sys/fs/c\\040group rw - cgroup2 cgroup2 rw\n';
    const files = { ...proc('0::/a:b c\n', mount), 'sys/fs/c group/a:b c/cpu.max': '100000 100000\n' };
    expect(processorQuota(madeUpRoot(files))?.processors).toBe(1);
  });

  it.each(['max 100000\n', '', 'max', '0 100000', '100000', '-5 100000', '1e5 100000', 'a b', '150000 0'])(
    'is none where cpu.max says %j',
    (text) => {
      expect(processorQuota(madeUpRoot({ ...proc('0::/\n', V2), ...max('', text) }))).toBeUndefined();
    },
  );

  it('is none without groups, without mounts, and where lines are no such lines', () => {
    expect(processorQuota(madeUpRoot({}))).toBeUndefined();
    const limited = max('', '100000 100000\n');
    expect(processorQuota(madeUpRoot({ ...proc('0::/\n', ''), ...limited }))).toBeUndefined();
    expect(processorQuota(madeUpRoot({ ...proc('', V2), ...limited }))).toBeUndefined();
    expect(
      processorQuota(madeUpRoot({ ...proc('0\n::\nx\n', ' - \n-\ncgroup2\n'), ...limited })),
    ).toBeUndefined();
  });
});

describe('usable processors', () => {
  const status = (list: string) =>
    madeUpRoot({ 'proc/self/status': `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\n` });

  it('are those of the affinity', () => {
    expect(usableProcessors(status('0-2,5,8-9'))).toEqual(new Set([0, 1, 2, 5, 8, 9]));
    expect(usableProcessors(madeUpRoot({}))).toBeUndefined();
    expect(usableProcessors(status('none'))).toBeUndefined();
  });

  it('are counted by affinity, without those that could be plugged in or that Node.js takes a quota for', () => {
    expect(numUsableProcessors(status('0-3'), 64, 4)).toBe(4);
    expect(numUsableProcessors(status('0-3'), 64, 1)).toBe(4);
    expect(numUsableProcessors(status('0-255'), 8, 8)).toBe(8);
    expect(numUsableProcessors(madeUpRoot({}), 8, 6)).toBe(6);
  });
});

describe('compute threads', () => {
  it.each([
    [8, null, 8],
    [8, 2.5, 3],
    [8, 0.2, 1],
    [2, 1.5, 2],
    [2, 16, 2],
    [8, 3, 3],
  ])('on %i processors under a quota of %s are %i', (numProcessors, processors, expected) => {
    expect(numComputeThreads(numProcessors, processors === null ? null : { processors })).toBe(expected);
  });
});
