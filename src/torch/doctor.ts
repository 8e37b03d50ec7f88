/** @file Examines the engine on this machine: what is in force, how fast it is, what would be faster. */

import { type Finding, findingsOf, readEngineVariables } from './findings.js';
import { type Installation, readInstallation } from './installation.js';
import { type Processor, readProcessor } from './processor.js';

export interface ExamineOptions {
  /** Compute threads to measure with; the engine's own choice when undefined. */
  readonly numThreads: number | undefined;
  /** Whether matrix products are measured. */
  readonly measure: boolean;
  readonly signal: AbortSignal;
}

export interface Examination {
  /** False when anything found is `broken`. */
  readonly isUsable: boolean;
  readonly installation: Installation | null;
  readonly processor: Processor;
  readonly environment: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
}

/** Gathers the facts and applies the rules to them. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  options.signal.throwIfAborted();
  const facts = {
    installation: readInstallation(),
    processor: readProcessor(),
    environment: readEngineVariables(),
  };
  const findings = findingsOf(facts);
  return { isUsable: findings.every((finding) => finding.severity !== 'broken'), ...facts, findings };
}

/** The examination as text: facts in a column, then what was found. */
export function renderExamination({ installation, processor, environment, findings }: Examination): string {
  const rows: [string, string][] = [
    ['libtorch', installation === null ? 'not found' : `${installation.version} in ${installation.root}`],
    ['processor', `${processor.model}, ${processor.numCores ?? '?'} cores, ${processor.numLogical} threads`],
    ['vector features', processor.vectorFeatures.join(' ') || 'none of those that matter here'],
    [
      'environment',
      Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || 'nothing set',
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  for (const { severity, problem, fix } of findings)
    lines.push('', `${severity}: ${problem}`, `  fix: ${fix}`);
  if (findings.length === 0) lines.push('', 'Nothing is wrong.');
  return lines.join('\n');
}
