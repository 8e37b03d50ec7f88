/** @file Which process of how many this is, by the variables that launchers set. */

import { UsageError } from '../../common/errors.js';

/** A process among those of a run. */
export interface ProcessRank {
  /** From 0; process 0 speaks and writes. */
  readonly rank: number;
  readonly worldSize: number;
  /** Among those of its machine, from 0. */
  readonly localRank: number;
  /** Where process 0 is. */
  readonly host: string;
  /** Where it waits for the others. */
  readonly port: number;
  /** The file that `lxmert launch` lets the processes of one machine meet in, so that nothing listens in the network for it. */
  readonly storeFile?: string;
  /** How often the launcher has started the run anew; keys of an earlier start must not be met. */
  readonly restart: number;
  /** Who set the variables, for messages. */
  readonly launcher: string;
}

/** Variables of a process, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `RANK`, `WORLD_SIZE`, `MASTER_ADDR`, `MASTER_PORT` and `LOCAL_RANK` (torchrun, Kubernetes' PyTorchJob,
 * `lxmert launch`), else Slurm's variables inside `srun`. Undefined for a process that is alone.
 *
 * @throws UsageError for variables that contradict each other or lack their companions
 */
export function processRank(environment: Environment = process.env): ProcessRank | undefined {
  const found =
    fromTorchVariables(environment) ?? fromSlurm(environment) ?? fromElasticVariables(environment);
  if (found === undefined || found.worldSize === 1) return undefined;
  if (found.rank >= found.worldSize) {
    throw new UsageError(
      `This process is number ${found.rank} of ${found.worldSize}, but numbers go from 0 to ${found.worldSize - 1} (variables of ${found.launcher}).`,
    );
  }
  return found;
}

/** A process's part of work that needs no meeting: the same variables, without the address of process 0. */
export function processShare(
  environment: Environment = process.env,
): Pick<ProcessRank, 'rank' | 'worldSize'> | undefined {
  return processRank({ MASTER_ADDR: 'nobody', MASTER_PORT: '1', ...environment });
}

function fromTorchVariables(environment: Environment): ProcessRank | undefined {
  const rank = integer(environment, 'RANK');
  const worldSize = integer(environment, 'WORLD_SIZE', 1);
  if (rank === undefined && worldSize === undefined) return undefined;
  if (rank === undefined || worldSize === undefined) {
    const [there, missing] = rank === undefined ? ['WORLD_SIZE', 'RANK'] : ['RANK', 'WORLD_SIZE'];
    throw new UsageError(
      `${there} is set but ${missing} is not. A launcher sets both; unset ${there} to train in one process.`,
    );
  }
  if (worldSize > 1 && !isSet(environment, 'MASTER_ADDR')) {
    throw new UsageError(
      `WORLD_SIZE is ${worldSize}, but MASTER_ADDR, the address of process 0, is not set. Set it for all processes, and MASTER_PORT too.`,
    );
  }
  const port = integer(environment, 'MASTER_PORT', 1, 65535);
  const storeFile = environment.LXMERT_STORE_FILE;
  if (worldSize > 1 && port === undefined && storeFile === undefined) {
    throw new UsageError(
      `WORLD_SIZE is ${worldSize}, but MASTER_PORT, a free port of process 0, is not set. Set it to the same number for all processes.`,
    );
  }
  // torchrun's own store is at MASTER_PORT then. It speaks the protocol of torchrun's version of libtorch, which need
  // not be this one, so the processes meet beside it.
  const isTaken = environment.TORCHELASTIC_USE_AGENT_STORE === 'True';
  return {
    rank,
    worldSize,
    localRank: integer(environment, 'LOCAL_RANK') ?? 0,
    host: environment.MASTER_ADDR ?? '',
    port: isTaken && port !== undefined ? beside(port) : (port ?? 0),
    restart: integer(environment, 'TORCHELASTIC_RESTART_COUNT') ?? 0,
    launcher: environment.TORCHELASTIC_RUN_ID === undefined ? 'RANK and WORLD_SIZE' : 'torchrun',
    ...(storeFile !== undefined && { storeFile }),
  };
}

/**
 * Inside `srun`, which alone sets the number of a step: a batch script runs once, whatever number of tasks the job
 * has.
 */
function fromSlurm(environment: Environment): ProcessRank | undefined {
  if (integer(environment, 'SLURM_STEP_ID') === undefined) return undefined;
  const rank = integer(environment, 'SLURM_PROCID');
  const worldSize =
    integer(environment, 'SLURM_STEP_NUM_TASKS', 1) ?? integer(environment, 'SLURM_NTASKS', 1);
  if (rank === undefined || worldSize === undefined) return undefined;
  const nodes = environment.SLURM_STEP_NODELIST ?? environment.SLURM_JOB_NODELIST;
  const host =
    environment.MASTER_ADDR ??
    (nodes === undefined ? environment.SLURM_LAUNCH_NODE_IPADDR : firstHost(nodes));
  if (worldSize > 1 && (host === undefined || host === '')) {
    throw new UsageError(
      `Slurm started ${worldSize} processes, but neither SLURM_JOB_NODELIST nor SLURM_LAUNCH_NODE_IPADDR says where process 0 is. Set MASTER_ADDR.`,
    );
  }
  const job = integer(environment, 'SLURM_JOB_ID') ?? 0;
  return {
    rank,
    worldSize,
    localRank: integer(environment, 'SLURM_LOCALID') ?? 0,
    host: host ?? '',
    // The same for all processes of a job, and another for the next job on the same machine.
    port: integer(environment, 'MASTER_PORT', 1, 65535) ?? 20_000 + (job % 10_000),
    restart: integer(environment, 'SLURM_RESTART_COUNT') ?? 0,
    launcher: 'Slurm',
  };
}

/** What PyTorchJob's elastic form sets for torchrun to read; with one process in each pod none is needed. */
function fromElasticVariables(environment: Environment): ProcessRank | undefined {
  const rank = integer(environment, 'PET_NODE_RANK');
  const worldSize = integer(environment, 'PET_NNODES', 1);
  if (rank === undefined || worldSize === undefined || worldSize === 1) return undefined;
  const perNode = integer(environment, 'PET_NPROC_PER_NODE', 1) ?? 1;
  if (perNode > 1) {
    throw new UsageError(
      `PET_NPROC_PER_NODE asks for ${perNode} processes in each pod. Start them with torchrun, or ask for one and let it use all cores.`,
    );
  }
  const host = environment.PET_MASTER_ADDR ?? environment.MASTER_ADDR;
  const port = integer(environment, 'PET_MASTER_PORT', 1, 65535) ?? integer(environment, 'MASTER_PORT', 1);
  if (host === undefined || port === undefined) {
    throw new UsageError(
      `PET_NNODES is ${worldSize}, but PET_MASTER_ADDR and PET_MASTER_PORT, where process 0 is, are not both set.`,
    );
  }
  const launcher = 'PyTorchJob';
  return { rank, worldSize, localRank: 0, host, port, restart: 0, launcher };
}

/** The first of "node[01-03,07],gpu5", which is node01. */
export function firstHost(nodeList: string): string {
  const match = /^([^[,]*)(?:\[([^\]]*)\]([^,]*))?/.exec(nodeList);
  const [, prefix = '', numbers, suffix = ''] = match ?? [];
  return numbers === undefined ? prefix : `${prefix}${/^[^,-]*/.exec(numbers)?.[0] ?? ''}${suffix}`;
}

function beside(port: number): number {
  return port === 65535 ? port - 1 : port + 1;
}

function isSet(environment: Environment, name: string): boolean {
  return environment[name] !== undefined && environment[name] !== '';
}

/** A variable's number, or undefined when it is not set. */
function integer(
  environment: Environment,
  name: string,
  least = 0,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `from ${least} to ${most}`;
    throw new UsageError(`The variable ${name} must be a whole number ${range}, but it is '${text}'.`);
  }
  return value;
}
