/** @file The detector's weights from any family's file, folded, in one layout and by one set of names; and back to a file. */

import { CheckpointFile, saveTensors } from '../../checkpoint/index.js';
import { UsageError } from '../../common/errors.js';
import { sha256OfFile } from '../../formats/hashes/sha256.js';
import { keep, noGrad, requireMappedFiles, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture } from './architecture.js';
import {
  type DetectorFacts,
  detectorRules,
  FAMILY_NOTE,
  ORIGIN_NOTE,
  type TensorRole,
  wantedTensors,
} from './weightsFamily.js';
import { type DetectorLayer, detectorLayers } from './weightsLayers.js';
import { foldNorm, toCaffeLayout } from './weightsLayout.js';
import { type DetectorReport, reportDetector, requireWholeDetector } from './weightsReport.js';

export interface LoadedDetector {
  /**
   * float32 tensors named `LAYER.weight` and `LAYER.bias` after Caffe's layers, in Caffe's layout whatever the file's:
   * what the network takes. Every convolution has a bias. The caller disposes of them.
   */
  readonly weights: Readonly<Record<string, Tensor>>;
  /** What the family does its own way. */
  readonly facts: DetectorFacts;
  readonly report: DetectorReport;
}

export interface LoadDetectorOptions {
  readonly architecture?: DetectorArchitecture;
  /** Also `bbox_pred` (6404 x 2048, 52 MB), which only Detectron2's rules have a use for. Default false. */
  readonly withBoxPredictor?: boolean | 'ifUsed';
}

/**
 * Loads the detector from a .caffemodel, a port's .pkl or .bin, or a converted file. All of the file's tensors are
 * checked before any is read; the memory is that of the weights and of one layer more.
 *
 * @throws UsageError when there is no such file
 * @throws CheckpointError when the file is damaged or its tensors are not all those of the detector
 */
export async function loadDetector(
  file: string,
  { architecture = BOTTOM_UP_ATTENTION, withBoxPredictor = false }: LoadDetectorOptions = {},
): Promise<LoadedDetector> {
  const checkpoint = await CheckpointFile.open(file);
  const report = reportDetector(checkpoint, architecture);
  requireWholeDetector(report);
  const isWanted =
    withBoxPredictor === 'ifUsed' ? detectorRules(report.family) === 'detectron2' : withBoxPredictor;
  const weights: Record<string, Tensor> = {};
  try {
    for (const layer of detectorLayers(architecture)) {
      if (layer.name !== 'bbox_pred' || isWanted) {
        Object.assign(weights, loadLayer(checkpoint, layer, report, architecture));
      }
    }
    requireMappedFiles();
  } catch (error) {
    for (const tensor of Object.values(weights)) tensor.dispose();
    throw error;
  }
  return { weights, facts: report.facts, report };
}

function loadLayer(
  checkpoint: CheckpointFile,
  layer: DetectorLayer,
  { family, isConverted }: DetectorReport,
  architecture: DetectorArchitecture,
): Record<string, Tensor> {
  return scope(() =>
    noGrad(() => {
      const parts: Partial<Record<TensorRole, Tensor>> = {};
      for (const { role, name, shape } of wantedTensors(layer, { family, isConverted }, architecture)) {
        // Old files of Caffe have four sizes for everything.
        parts[role] = ops.reshape(checkpoint.tensor(name), shape);
      }
      const weight = parts.weight as Tensor;
      const isPlain = layer.norm === undefined || isConverted;
      const made = isPlain ? { weight, bias: parts.bias } : foldNorm({ ...parts, weight });
      const loaded: Record<string, Tensor> = {};
      for (const [part, tensor] of Object.entries(made)) {
        if (tensor === undefined) continue;
        const values = ops.to(tensor, 'float32');
        const ordered =
          family === 'caffe' || isConverted
            ? values
            : toCaffeLayout(layer.name, values, architecture.anchors);
        // Not a view of the file, which may go away.
        loaded[`${layer.name}.${part}`] = keep(ops.clone(ordered));
      }
      return loaded;
    }),
  );
}

export interface ConvertedDetector {
  readonly output: string;
  readonly numTensors: number;
  readonly report: DetectorReport;
}

/**
 * Writes a detector file of any family as safetensors: what {@link loadDetector} gives, `bbox_pred` included, with the
 * family and the file's SHA-256 noted, so that loading the result gives the same numbers and facts.
 *
 * @throws UsageError when the output's ending is another
 */
export async function convertDetector(
  input: string,
  output: string,
  { architecture = BOTTOM_UP_ATTENTION }: Pick<LoadDetectorOptions, 'architecture'> = {},
): Promise<ConvertedDetector> {
  if (!output.endsWith('.safetensors')) {
    throw new UsageError(
      `'${output}' must end in .safetensors: the detector's weights are written in that layout only.`,
    );
  }
  const { weights, report } = await loadDetector(input, { architecture, withBoxPredictor: true });
  try {
    const tensors = new Map(Object.entries(weights));
    const origin = report.originSha256 ?? (await sha256OfFile(input));
    await saveTensors(output, tensors, { [FAMILY_NOTE]: report.family, [ORIGIN_NOTE]: origin });
    return { output, numTensors: tensors.size, report };
  } finally {
    for (const tensor of Object.values(weights)) tensor.dispose();
  }
}
