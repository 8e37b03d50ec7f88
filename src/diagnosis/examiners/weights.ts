/** @file Weights of a model or of the region detector, by the descriptions in the file: no tensor is read. */

import { messageOf } from '../../common/errors.js';
import { shellWord } from '../../formats/forms/index.js';
import { formatBytes, formatMillions, formatNumber } from '../../formats/numbers.js';
import { headPrefixes } from '../../tasks/registry.js';
import { detectorSource } from '../../vision/detector/weightsFamily.js';
import { type FileReport, report, someOf } from '../fileReport.js';

/**
 * @param what the file's kind, where it turns out to be no weights that are known
 */
export async function examineWeights(file: string, what: string): Promise<FileReport> {
  try {
    // Only here: the reader of weights loads libtorch with it.
    const { CheckpointFile, describeCheckpoint } = await import('../../checkpoint/index.js');
    const checkpoint = await CheckpointFile.open(file);
    if (detectorSource(checkpoint) !== undefined) return await examineDetector(file, checkpoint);
    const found = describeCheckpoint(checkpoint, await headPrefixes());
    const { sizes, numAnswers, missing, others } = found;
    const answers = numAnswers === undefined ? 'no answer head' : `${formatNumber(numAnswers)} answers`;
    const heads = found.taskHeads.length > 0 ? `; heads ${found.taskHeads.join(', ')}` : '';
    return report(file, `weights of LXMERT (${found.kind}, ${found.names} names)`, {
      facts: [
        `${answers}${heads}; ${formatMillions(found.numUniqueValues)} parameters, ${formatBytes(found.numBytes)}`,
        `${sizes.numLanguageLayers} language, ${sizes.numVisionLayers} vision, ${sizes.numCrossLayers} cross-modality layers of width ` +
          `${sizes.hiddenSize}; ${formatNumber(sizes.vocabSize)} word pieces, ${formatNumber(sizes.visualFeatureSize)} values a region`,
        ...(found.wrapper.length > 0 ? [`found under ${found.wrapper.join('.')}`] : []),
        ...(others.length > 0 ? [`${others.length} tensors are no part of LXMERT: ${someOf(others)}`] : []),
      ],
      problems:
        missing.length > 0
          ? [`${missing.length} tensors of its encoder are missing or do not fit: ${someOf(missing)}.`]
          : [],
      wayOn: wayOn(file, numAnswers !== undefined),
      traits: {
        ...(numAnswers !== undefined && { numAnswers }),
        numWordEmbeddings: sizes.vocabSize,
        modelFeatureSize: sizes.visualFeatureSize,
      },
    });
  } catch (error) {
    return report(file, what, { problems: [messageOf(error)] });
  }
}

function wayOn(file: string, hasAnswers: boolean): string {
  const word = shellWord(file);
  return hasAnswers
    ? `Ask it with: lxmert answer PICTURE "QUESTION" --model ${word} --vocab vocab.txt --answers trainval_label2ans.json --detector resnet101.caffemodel`
    : `Fine-tune it with: lxmert finetune vqa --train train.json --valid minival.json --features features/mine --answers trainval_label2ans.json --vocab vocab.txt --load-encoder ${word} --output runs/vqa`;
}

async function examineDetector(
  file: string,
  checkpoint: Parameters<typeof detectorSource>[0],
): Promise<FileReport> {
  const { describeDetector } = await import('../../vision/detector/weightsDescription.js');
  const { family, loaded, numWanted, misfits, numBytes } = describeDetector(checkpoint);
  const isWhole = loaded.length === numWanted && misfits.length === 0;
  return report(file, `weights of the region detector (${family})`, {
    facts: [`${loaded.length} of the ${numWanted} tensors that are needed; ${formatBytes(numBytes)}`],
    problems: isWhole
      ? []
      : ['It is not a whole region detector: lxmert checkpoint info names what is missing.'],
    wayOn: `Find regions with: lxmert extract PICTURES --detector ${shellWord(file)} --out features/mine`,
    traits: { isDetector: isWhole },
  });
}
