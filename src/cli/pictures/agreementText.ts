/** @file What `lxmert extract` prints of pictures: how well they agree, and which gave nothing. */

import {
  type DescriptionAgreement,
  type ImageAgreement,
  LEAST_FOUND,
  MOST_FEATURE_ERROR,
  SAME_BOX,
  type SkippedImage,
  type Verification,
} from '../../extraction/index.js';
import { formatCount, formatNumber, formatPercent } from '../../formats/numbers.js';

/** Skipped pictures that are listed; all of them are in the JSON. */
const MAX_LISTED = 20;

/** One image on one line. */
export function agreementLine(agreement: ImageAgreement): string {
  const { imageId, numReference, numFound, numSame, meanOverlap, onFoundBoxes, onReferenceBoxes } = agreement;
  const parts = [
    `${numSame} of ${numReference} boxes found again${numFound === numReference ? '' : ` among ${numFound}`}`,
    ...(meanOverlap === null ? [] : [`IoU ${meanOverlap.toFixed(3)}`]),
    ...(numSame > 1 && !agreement.isSameOrder ? ['in another order'] : []),
    ...(onFoundBoxes === null ? [] : [`features on them off by ${errorText(onFoundBoxes)}`]),
    `on the file's boxes by ${errorText(onReferenceBoxes)}, objects ${formatPercent(onReferenceBoxes.sameObjects)} the same`,
  ];
  return `${agreement.agrees ? 'agrees ' : 'DIFFERS'} ${imageId}: ${parts.join(', ')}`;
}

function errorText({ medianError, largestError }: DescriptionAgreement): string {
  const text = (error: number): string => {
    if (error === 0) return '0';
    return error < 1e-4 ? error.toExponential(0) : formatPercent(error);
  };
  return `${text(medianError)} (most ${text(largestError)})`;
}

export function renderVerification(result: Verification): string {
  const { reference, images, numAgreeing, numWithoutRow, skipped, wasInterrupted } = result;
  const rule = `at least ${formatPercent(LEAST_FOUND)} of the boxes found again with an IoU of ${SAME_BOX}, and features on the file's boxes off by no more than ${formatPercent(MOST_FEATURE_ERROR)} in the median`;
  const verdict =
    numAgreeing === images.length
      ? `${formatCount(images.length, 'image')} of ${reference}, all in agreement`
      : `${formatCount(images.length, 'image')} of ${reference}, ${formatNumber(numAgreeing)} in agreement`;
  return [
    `${verdict} (${rule}).${wasInterrupted ? ' Stopped before the end.' : ''}`,
    ...(numWithoutRow > 0
      ? [`${formatCount(numWithoutRow, 'picture')} ${numWithoutRow === 1 ? 'has' : 'have'} no row there.`]
      : []),
    ...skippedLines(skipped),
  ].join('\n');
}

/** The pictures that gave nothing, and why. */
export function skippedLines(skipped: readonly SkippedImage[]): string[] {
  if (skipped.length === 0) return [];
  const more = skipped.length - MAX_LISTED;
  return [
    `${formatCount(skipped.length, 'picture')} gave no features:`,
    ...skipped.slice(0, MAX_LISTED).map(({ reason }) => `  ${reason}`),
    ...(more > 0 ? [`  and ${formatNumber(more)} more (--json lists all)`] : []),
  ];
}
