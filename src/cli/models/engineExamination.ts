/** @file What `lxmert doctor` says of ONNX Runtime and of the model that comes along, beside what it says of libtorch. */

import { sampleModelFolder } from '../../common/sampleAssets.js';
import {
  type ExaminedEngine,
  type ExaminedModel,
  examineEngines,
  examineModel,
} from '../../runtime/node/index.js';
import { type Examination, type Finding, isBridgeBuilt } from '../../torch/doctor.js';
import { type ExaminedHub, examineHub } from './hubRows.js';

/** Both engines: what trains, and what answers without it. */
export interface EngineExamination extends Examination {
  readonly onnxRuntime: readonly ExaminedEngine[];
  readonly sampleModel: ExaminedModel;
  readonly hub: ExaminedHub;
}

/** Adds to what is known of libtorch; one engine is enough for a machine to be usable. */
export async function withOnnxRuntime(examination: Examination): Promise<EngineExamination> {
  const onnxRuntime = await examineEngines();
  const sampleModel = await examineModel(sampleModelFolder());
  const findings = [
    ...examination.findings.map((finding) => withoutLibtorch(finding, examination, sampleModel)),
    ...ownFindings(onnxRuntime, sampleModel),
  ];
  const order = { broken: 0, slow: 1, note: 2 };
  findings.sort((a, b) => order[a.severity] - order[b.severity]);
  const isUsable = findings.every(({ severity }) => severity !== 'broken');
  return { ...examination, findings, isUsable, onnxRuntime, sampleModel, hub: examineHub() };
}

/** A libtorch that nobody has set up is missed by nobody who only answers. */
function withoutLibtorch(
  finding: Finding,
  { loadFailure }: Examination,
  { problem }: ExaminedModel,
): Finding {
  if (finding.problem !== loadFailure || problem !== null || isBridgeBuilt()) return finding;
  return {
    severity: 'note',
    problem:
      'libtorch is not set up here: exported models answer without it; training, evaluation, features and weights as they were trained need it.',
    fix: finding.fix,
  };
}

function ownFindings(engines: readonly ExaminedEngine[], { problem }: ExaminedModel): Finding[] {
  const [native, web] = engines;
  const findings: Finding[] = [];
  if (web?.info === null && native?.info === null) {
    const fix = 'npm install lxmert again, with its dependencies.';
    return [{ severity: 'broken', problem: web.problem ?? 'ONNX Runtime does not load.', fix }];
  }
  // That it is not installed is no fault: the row says how it is.
  if (native?.problem?.includes('does not load') === true) {
    findings.push({ severity: 'slow', problem: native.problem, fix: INSTALL });
  }
  if (problem !== null) {
    const fix = 'npm install lxmert again, or node scripts/make-sample-model.mjs in a clone.';
    findings.push({ severity: 'broken', problem: `The model that comes with lxmert: ${problem}`, fix });
  }
  return findings;
}

const INSTALL = 'npm install --ignore-scripts onnxruntime-node';

/** Names and values, as `renderExamination` takes them. */
export function onnxRuntimeRows({
  onnxRuntime,
  sampleModel,
}: Pick<EngineExamination, 'onnxRuntime' | 'sampleModel'>): (readonly [string, string])[] {
  const rows = onnxRuntime.map(({ name, info }): readonly [string, string] => {
    if (info !== null) {
      const device = info.device === 'wasm' ? 'WebAssembly' : 'processor';
      return [
        name,
        `${info.version} (${device}, ${info.numThreads === 1 ? 'one thread' : `${info.numThreads} threads`})`,
      ];
    }
    return [name, name === 'onnxruntime-node' ? `not in use; faster than WebAssembly: ${INSTALL}` : 'none'];
  });
  const { problem, precision } = sampleModel;
  return [...rows, ['sample model', problem === null ? `whole, ${precision}` : 'damaged']];
}
