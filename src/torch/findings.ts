/** @file What is wrong or slow with the engine on this machine, each with its fix: pure rules over facts. */

import type { Installation } from './installation.js';
import { hasBfloat16, type Processor } from './processor.js';

export interface Finding {
  /** `broken`: cannot run; `slow`: runs below the machine's ability; `note`: worth knowing. */
  readonly severity: 'broken' | 'slow' | 'note';
  readonly problem: string;
  readonly fix: string;
}

/** What the rules look at. */
export interface Facts {
  readonly installation: Installation | null;
  readonly processor: Processor;
  /** The settings in force in the environment; see {@link engineVariables}. */
  readonly environment: Readonly<Record<string, string>>;
}

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
    ...environmentFindings(facts),
    ...processorFindings(facts),
  ];
  const order = { broken: 0, slow: 1, note: 2 };
  return findings.sort((a, b) => order[a.severity] - order[b.severity]);
}

function installationFindings({ installation }: Facts): Finding[] {
  if (installation !== null) return [];
  return [
    {
      severity: 'broken',
      problem: 'The bridge to libtorch has not been built.',
      fix: 'Run ./setup in the project folder.',
    },
  ];
}

function environmentFindings({ environment, processor }: Facts): Finding[] {
  const findings: Finding[] = [];
  const coreType = environment.OPENBLAS_CORETYPE;
  const has512 = processor.vectorFeatures.includes('avx512f');
  if (coreType !== undefined && has512 && !/skylakex|cooperlake|sapphirerapids/i.test(coreType)) {
    findings.push({
      severity: 'slow',
      problem: `OPENBLAS_CORETYPE=${coreType} keeps OpenBLAS from this processor's AVX-512 kernels.`,
      fix: 'unset OPENBLAS_CORETYPE',
    });
  }
  for (const name of ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'GOTO_NUM_THREADS', 'MKL_NUM_THREADS']) {
    const threads = Number.parseInt(environment[name] ?? '', 10);
    const numCores = processor.numCores ?? processor.numLogical;
    if (threads >= 1 && threads < Math.min(numCores, processor.numLogical)) {
      findings.push({
        severity: 'slow',
        problem: `${name}=${environment[name]} leaves part of this machine's ${numCores} cores idle.`,
        fix: `unset ${name}`,
      });
    } else if (threads > processor.numLogical) {
      findings.push({
        severity: 'slow',
        problem: `${name}=${environment[name]} asks for more threads than the ${processor.numLogical} processors here.`,
        fix: `unset ${name}`,
      });
    }
  }
  for (const name of ['ATEN_CPU_CAPABILITY', 'DNNL_MAX_CPU_ISA', 'ONEDNN_MAX_CPU_ISA']) {
    if (environment[name] === undefined) continue;
    findings.push({
      severity: 'slow',
      problem: `${name}=${environment[name]} limits which vector instructions are used.`,
      fix: `unset ${name}`,
    });
  }
  return findings;
}

function processorFindings({ processor }: Facts): Finding[] {
  if (hasBfloat16(processor)) return [];
  return [
    {
      severity: 'note',
      problem: 'This processor has no bfloat16 instructions: bfloat16 is emulated and slower than float32.',
      fix: 'Keep to float32 on this machine.',
    },
  ];
}
