import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/common/errors.js';
import { firstHost, processRank } from '../../../src/train/distributed/environment.js';

const torchrun = {
  RANK: '3',
  WORLD_SIZE: '8',
  LOCAL_RANK: '1',
  MASTER_ADDR: 'node1',
  MASTER_PORT: '29500',
};
const slurm = {
  SLURM_STEP_ID: '0',
  SLURM_JOB_ID: '4711',
  SLURM_PROCID: '5',
  SLURM_NTASKS: '16',
  SLURM_LOCALID: '1',
  SLURM_JOB_NODELIST: 'gpu[03-06,09]',
};

describe('the place of a process', () => {
  it('is none for a process that is alone', () => {
    expect(processRank({})).toBeUndefined();
    expect(processRank({ RANK: '0', WORLD_SIZE: '1' })).toBeUndefined();
    // A batch script of Slurm runs once, whatever number of tasks its job has.
    expect(processRank({ ...slurm, SLURM_STEP_ID: undefined })).toBeUndefined();
    // As where only the meeting point is set, by a script for all that it starts.
    expect(processRank({ MASTER_ADDR: 'node1', MASTER_PORT: '29500' })).toBeUndefined();
  });

  it("follows torchrun's variables", () => {
    expect(processRank(torchrun)).toMatchObject({
      rank: 3,
      worldSize: 8,
      localRank: 1,
      host: 'node1',
      port: 29500,
    });
    const elastic = { TORCHELASTIC_USE_AGENT_STORE: 'True', TORCHELASTIC_RESTART_COUNT: '2' };
    // Its own store is at MASTER_PORT, for a protocol that need not be ours.
    expect(processRank({ ...torchrun, ...elastic })).toMatchObject({ port: 29501, restart: 2 });
  });

  it("follows Slurm's, with the first node as the meeting point unless another is named", () => {
    expect(processRank(slurm)).toMatchObject({ rank: 5, worldSize: 16, localRank: 1, host: 'gpu03' });
    expect(processRank({ ...slurm, SLURM_PROCID: '6' })?.port).toBe(processRank(slurm)?.port);
    expect(processRank({ ...slurm, MASTER_ADDR: '10.0.0.1', MASTER_PORT: '1234' })).toMatchObject({
      host: '10.0.0.1',
      port: 1234,
    });
    // torchrun under srun, one task for each node, knows better.
    expect(processRank({ ...slurm, ...torchrun })).toMatchObject({ rank: 3, worldSize: 8 });
  });

  it("follows PyTorchJob's, elastic or not", () => {
    expect(processRank({ ...torchrun, LOCAL_RANK: undefined })?.localRank).toBe(0);
    const elastic = {
      PET_NODE_RANK: '1',
      PET_NNODES: '4',
      PET_MASTER_ADDR: 'job-master-0',
      PET_MASTER_PORT: '23456',
    };
    expect(processRank(elastic)).toMatchObject({ rank: 1, worldSize: 4, host: 'job-master-0', port: 23456 });
    expect(() => processRank({ ...elastic, PET_NPROC_PER_NODE: '2' })).toThrow(/2 processes in each pod/);
  });

  it.each([
    [{ RANK: '1' }, /RANK is set but WORLD_SIZE is not/],
    [{ WORLD_SIZE: '2' }, /WORLD_SIZE is set but RANK is not/],
    [{ ...torchrun, MASTER_ADDR: undefined }, /MASTER_ADDR, the address of process 0, is not set/],
    [{ ...torchrun, MASTER_PORT: '' }, /MASTER_PORT, a free port of process 0, is not set/],
    [{ ...torchrun, MASTER_PORT: '99999' }, /MASTER_PORT must be a whole number from 1 to 65535/],
    [{ ...torchrun, RANK: '8' }, /number 8 of 8, but numbers go from 0 to 7/],
    [{ ...torchrun, RANK: '-1' }, /RANK must be a whole number at least 0, but it is '-1'/],
    [{ ...torchrun, WORLD_SIZE: 'two' }, /WORLD_SIZE must be a whole number/],
    [{ ...slurm, SLURM_JOB_NODELIST: undefined }, /neither SLURM_JOB_NODELIST nor SLURM_LAUNCH_NODE_IPADDR/],
  ])('is refused for %j', (environment, message) => {
    expect(() => processRank(environment)).toThrow(message);
    expect(() => processRank(environment)).toThrow(UsageError);
  });
});

it.each([
  ['node7', 'node7'],
  ['node7,node9', 'node7'],
  ['gpu[03-06,09],cpu[1-2]', 'gpu03'],
  ['rack[1,3]-node', 'rack1-node'],
])('the first host of %s is %s', (list, host) => {
  expect(firstHost(list)).toBe(host);
});
