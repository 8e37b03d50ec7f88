/** @file What is wrong or slow with the engine on this machine, each with its fix: pure rules over facts. */

import { setupCommand } from '../common/installation.js';
import { hasBfloat16, type Processor } from '../common/processor.js';
import type { ProcessorQuota } from '../common/processorQuota.js';
import type { Facts, Finding } from './facts.js';
import { gpuFindings } from './gpuFindings.js';
import { describeBusy, numFreeThreads } from './machineLoad.js';

/** Environment variables that change how fast the engine runs. */
const engineVariables = [
  'OMP_NUM_THREADS',
  'OMP_PROC_BIND',
  'OMP_WAIT_POLICY',
  'OPENBLAS_NUM_THREADS',
  'OPENBLAS_CORETYPE',
  'GOTO_NUM_THREADS',
  'MKL_NUM_THREADS',
  'MKL_DEBUG_CPU_TYPE',
  'ATEN_CPU_CAPABILITY',
  'DNNL_MAX_CPU_ISA',
  'ONEDNN_MAX_CPU_ISA',
  'CUDA_DEVICE_ORDER',
  'MALLOC_ARENA_MAX',
  'LD_PRELOAD',
] as const;

/** Those of the engine's variables that are set. */
export function readEngineVariables(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const set: Record<string, string> = {};
  for (const name of engineVariables) {
    const value = environment[name];
    if (value !== undefined && value !== '') set[name] = value;
  }
  return set;
}

/** Every rule that applies, the worst first. */
export function findingsOf(facts: Facts): Finding[] {
  const findings = [
    ...installationFindings(facts),
    ...blasFindings(facts),
    ...threadFindings(facts),
    ...loadFindings(facts),
    ...quotaFindings(facts),
    ...kernelFindings(facts),
    ...bfloat16Findings(facts),
    ...gpuFindings(facts),
  ];
  const order = { broken: 0, slow: 1, note: 2 };
  return findings.sort((a, b) => order[a.severity] - order[b.severity]);
}

function installationFindings({ loadFailure, installation, isLibraryUnchanged, runtime }: Facts): Finding[] {
  const findings: Finding[] = [];
  if (loadFailure !== null) {
    findings.push({ severity: 'broken', problem: loadFailure, fix: setupCommand() });
  } else if (installation !== null && !isLibraryUnchanged) {
    findings.push({
      severity: 'slow',
      problem: `The libtorch in ${installation.libdir} is another one than the bridge was built against; it may crash.`,
      fix: setupCommand(),
    });
  }
  if (runtime !== null && !runtime.mallocKeepsMemory) {
    findings.push({
      severity: 'slow',
      problem: 'The C library would not keep freed memory, so every large tensor costs page faults again.',
      fix: "Run without LD_PRELOAD, on a system with GNU's C library.",
    });
  }
  return findings;
}

/** The design measured a factor of two to three between these libraries at the same number of threads. */
function blasFindings({ runtime, processor }: Facts): Finding[] {
  const blas = runtime?.blas;
  if (blas === undefined || blas === null) return [];
  const fix = `sudo apt-get install libopenblas0-openmp && ${setupCommand()}`;
  const reason = {
    'openblas-pthread': "OpenBLAS with threads of its own, which starve libtorch's OpenMP threads",
    'openblas-serial': 'OpenBLAS without threads, so matrix products use one core',
    reference: 'the reference BLAS, which is many times slower than OpenBLAS',
  };
  const findings: Finding[] = [];
  if (blas.kind in reason) {
    const which = reason[blas.kind as keyof typeof reason];
    findings.push({ severity: 'slow', problem: `Matrix products go to ${which} (${blas.library}).`, fix });
  }
  const wanted = vectorLevel(processor);
  const chosen = coreLevel(blas.coreName);
  if (chosen !== undefined && chosen < wanted) {
    const core = wanted === 3 ? 'SkylakeX' : 'Haswell';
    findings.push({
      severity: 'slow',
      problem: `OpenBLAS runs its ${blas.coreName} kernels, below this processor's ${levelNames[wanted]}.`,
      fix: `Unset OPENBLAS_CORETYPE if it is set; otherwise set OPENBLAS_CORETYPE=${core} or install a newer OpenBLAS.`,
    });
  }
  return findings;
}

const levelNames = ['SSE', 'AVX', 'AVX2', 'AVX-512'] as const;

function vectorLevel({ vectorFeatures }: Processor): 0 | 2 | 3 {
  return vectorFeatures.includes('avx512f') ? 3 : vectorFeatures.includes('avx2') ? 2 : 0;
}

/** The vector width that an OpenBLAS kernel family for x86 uses; undefined for other names. */
function coreLevel(coreName: string): number | undefined {
  const name = coreName.toLowerCase();
  if (['skylakex', 'cooperlake', 'sapphirerapids'].includes(name)) return 3;
  if (['haswell', 'zen', 'excavator'].includes(name)) return 2;
  if (['sandybridge', 'bulldozer', 'piledriver', 'steamroller'].includes(name)) return 1;
  if (['prescott', 'core2', 'penryn', 'dunnington', 'nehalem', 'atom', 'barcelona', 'bobcat'].includes(name))
    return 0;
  return undefined;
}

function threadFindings({ environment, processor, runtime, processorQuota }: Facts): Finding[] {
  const numUsable = Math.min(processor.numCores ?? processor.numLogical, processor.numLogical);
  const findings: Finding[] = [];
  for (const name of ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'GOTO_NUM_THREADS', 'MKL_NUM_THREADS']) {
    const threads = Number.parseInt(environment[name] ?? '', 10);
    const problem =
      threads >= 1 && threads < numUsable
        ? `leaves part of the ${numUsable} cores here idle`
        : threads > processor.numLogical
          ? `asks for more threads than the ${processor.numLogical} processors here`
          : undefined;
    if (problem === undefined) continue;
    findings.push({
      severity: 'slow',
      problem: `${name}=${environment[name]} ${problem}.`,
      fix: `unset ${name}`,
    });
  }
  const isLimited = processorQuota !== null && processorQuota.processors < numUsable;
  if (findings.length === 0 && !isLimited && runtime !== null && runtime.numThreads < numUsable) {
    const problem = `The engine computes with ${runtime.numThreads} of the ${numUsable} cores here.`;
    findings.push({ severity: 'slow', problem, fix: 'Leave the number of threads to its default.' });
  }
  return findings;
}

/**
 * Measured with OpenMP's threads, which training has: one question on two processors, one of them taken, took 2.4 times as long
 * with two threads, 1.05 times with one. Answers of packed models adapt by themselves (native/engine/crew_size.h).
 */
function loadFindings({ load, runtime }: Facts): Finding[] {
  const findings: Finding[] = [];
  const numThreads = runtime?.numThreads ?? 1;
  if (load !== null && load.numBusy >= 0.5) {
    const free = numFreeThreads(load, numThreads);
    findings.push({
      severity: 'slow',
      problem: `Other programs keep ${describeBusy(load)} busy; threads that share a processor keep all others waiting.`,
      fix:
        free < numThreads
          ? `End those programs or start them with nice -n 19; or set OMP_NUM_THREADS=${free} meanwhile.`
          : 'End those programs, or start them with nice -n 19.',
    });
  }
  return findings;
}

/** `1.5 processors' worth of time, 150 of each 100 ms`. */
export function describeQuota({ processors, periodMicroseconds: period }: ProcessorQuota): string {
  const milliseconds = (microseconds: number): number => Number((microseconds / 1000).toPrecision(3));
  return `${Number(processors.toFixed(2))} processors' worth of time, ${milliseconds(processors * period)} ms in each ${milliseconds(period)} ms`;
}

/** A quota below the threads: the kernel stops all of them when it is spent, until the next period begins. */
function quotaFindings({ processorQuota: quota, runtime }: Facts): Finding[] {
  const numThreads = runtime?.numThreads ?? 1;
  if (quota === null || numThreads <= quota.processors) return [];
  const has = `${quota.file} leaves this process ${describeQuota(quota)}`;
  const rounded = Math.ceil(quota.processors);
  if (numThreads > rounded) {
    const problem = `${has}, but ${numThreads} threads compute: all are stopped when it is spent, which is sooner the more they are.`;
    return [
      { severity: 'slow', problem, fix: `Set OMP_NUM_THREADS=${rounded}, which is what is taken by itself.` },
    ];
  }
  const threads =
    numThreads === 1 ? 'The one thread that computes is' : `The ${numThreads} threads that compute are`;
  const problem = `${has}. ${threads} stopped for a part of each period while busy.`;
  return [{ severity: 'note', problem, fix: `Raise the quota to ${rounded} where this should be faster.` }];
}

function kernelFindings({ environment, processor, runtime }: Facts): Finding[] {
  const findings: Finding[] = [];
  for (const name of ['ATEN_CPU_CAPABILITY', 'DNNL_MAX_CPU_ISA', 'ONEDNN_MAX_CPU_ISA']) {
    if (environment[name] === undefined) continue;
    const problem = `${name}=${environment[name]} limits which vector instructions are used.`;
    findings.push({ severity: 'slow', problem, fix: `unset ${name}` });
  }
  const isPlain = runtime !== null && ['DEFAULT', 'NO AVX'].includes(runtime.cpuCapability);
  if (isPlain && vectorLevel(processor) >= 2 && environment.ATEN_CPU_CAPABILITY === undefined) {
    findings.push({
      severity: 'slow',
      problem: "libtorch's own kernels run without this processor's AVX2.",
      fix: 'Use a libtorch that was built with AVX2 kernels (the official archives and the packages of Debian are).',
    });
  }
  return findings;
}

function bfloat16Findings({ gemmRates, processor }: Facts): Finding[] {
  if (gemmRates !== null ? gemmRates.bfloat16 >= gemmRates.float32 : hasBfloat16(processor)) return [];
  const measured =
    gemmRates === null ? '' : ` (${(gemmRates.bfloat16 / gemmRates.float32).toFixed(2)} of its rate)`;
  const reason = hasBfloat16(processor)
    ? 'This libtorch makes no use of the bfloat16 instructions here'
    : 'This processor has no bfloat16 instructions';
  const problem = `${reason}: bfloat16 is slower than float32${measured}.`;
  return [{ severity: 'note', problem, fix: 'Keep to float32 on this machine.' }];
}
