/** @file Panels with an image, the boxes the model attended to, the question and the answers. */

import { LxmertError } from '../common/errors.js';
import { escapeHtml } from './escape.js';
import { bar, checkedFraction, formatProbability } from './numbers.js';
import type { ReportBox, ReportExample } from './runReport.js';

/** Above this, written labels would hide the image; they still show when a box is pointed at. */
const MAX_WRITTEN_LABELS = 8;

/** Written labels are this part of the image's width high: 13 px on a panel of 340 px. */
const LABEL_HEIGHT = 0.038;

/** Kinds of picture that hold no script. */
const imageUri = /^data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/]+={0,2}$/;

/** A gallery's place on the page. */
interface Gallery {
  readonly id: string;
  readonly title: string;
  /** A sentence above the pictures. */
  readonly lead?: string;
}

/**
 * The section with a panel for each example, or nothing without examples.
 *
 * @throws LxmertError when an image, a box, a probability or a link is not what its type says.
 */
export function renderExamples(
  examples: readonly ReportExample[],
  { id, title, lead = '' }: Gallery,
): string {
  if (examples.length === 0) return '';
  const hasBoxes = examples.some((example) => example.boxes.length > 0);
  const boxId = `show-boxes-${id}`;
  // The box stands beside the gallery for the style sheet to find: the switch works without scripts.
  const toggle = hasBoxes
    ? `<input type="checkbox" class="show-boxes" id="${boxId}" checked><label for="${boxId}">Show the regions the model sees</label>\n`
    : '';
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(title)}</h2>
${lead === '' ? '' : `<p class="lead">${escapeHtml(lead)}</p>\n`}${toggle}<ul class="gallery">
${examples.map(renderExample).join('\n')}
</ul>
</section>`;
}

function renderExample(example: ReportExample, index: number): string {
  const where = `example ${index + 1}`;
  const { width, height, imageDataUri } = example;
  if (!imageUri.test(imageDataUri)) {
    throw new LxmertError(
      `The report's ${where} needs its image as a base64 data URI of a PNG, JPEG, WebP or GIF, and got '${imageDataUri.slice(0, 40)}'.`,
    );
  }
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new LxmertError(
      `The report's ${where} needs an image size in whole pixels, and got ${width} x ${height}.`,
    );
  }
  const expected = typeof example.expected === 'string' ? [example.expected] : example.expected;
  const verdict = example.isCorrect
    ? '<span class="verdict right"><span aria-hidden="true">&#10003;</span> Correct</span>'
    : '<span class="verdict wrong"><span aria-hidden="true">&#10007;</span> Wrong</span>';
  const regions = example.boxes.length === 1 ? '1 region' : `${example.boxes.length} regions`;
  const alt = `Image for the question: ${example.question}`;
  return `<li class="panel">
<div class="picture"><img src="${imageDataUri}" width="${width}" height="${height}" alt="${escapeHtml(alt)}">${
    example.boxes.length === 0
      ? ''
      : `<svg class="boxes" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${regions} drawn over the image">${renderBoxes(example, where)}</svg>`
  }</div>
<div class="words">
<h3 dir="auto">${escapeHtml(example.question)}</h3>
<p class="expected">${verdict}<span>Expected: ${expected.map((answer) => `<bdi class="answer">${escapeHtml(answer)}</bdi>`).join(' or ')}</span></p>
${renderAnswers(example, where)}${renderLink(example, where)}
</div>
</li>`;
}

/** Pages that lie beside this one, by plain names. */
const besideIt = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\/[A-Za-z0-9][A-Za-z0-9_-]*)*\.html$/;

function renderLink({ explanation, question }: ReportExample, where: string): string {
  if (explanation === undefined) return '';
  if (!besideIt.test(explanation)) {
    throw new LxmertError(
      `The explanation of the report's ${where} should be a page beside it, such as why/1.html, and is '${explanation.slice(0, 40)}'.`,
    );
  }
  return `\n<p class="why"><a href="${explanation}">What this answer was found in<span class="unseen">: ${escapeHtml(question)}</span></a></p>`;
}

function renderBoxes(example: ReportExample, where: string): string {
  const { width, boxes } = example;
  const numLabels = boxes.filter((box) => box.label !== undefined && box.label !== '').length;
  const areWritten = numLabels <= MAX_WRITTEN_LABELS;
  const textHeight = width * LABEL_HEIGHT;
  return boxes
    .map((box) => {
      checkBox(box, where);
      const corner = `x="${round(box.x1)}" y="${round(box.y1)}"`;
      const rect = `${corner} width="${round(box.x2 - box.x1)}" height="${round(box.y2 - box.y1)}"`;
      const label = escapeHtml(box.label ?? '');
      const title = label === '' ? '' : `<title>${label}</title>`;
      // Inside the box at its top: above it, a label would leave the image where a box touches the edge.
      const text =
        label !== '' && areWritten
          ? `<text x="${round(box.x1 + textHeight * 0.35)}" y="${round(box.y1 + textHeight * 1.1)}" font-size="${round(textHeight)}">${label}</text>`
          : '';
      return `<g>${title}<rect class="halo" ${rect}/><rect class="line" ${rect}/>${text}</g>`;
    })
    .join('');
}

function checkBox(box: ReportBox, where: string): void {
  const corners = [box.x1, box.y1, box.x2, box.y2];
  if (!corners.every(Number.isFinite) || box.x2 < box.x1 || box.y2 < box.y1) {
    throw new LxmertError(
      `A box of the report's ${where} has the corners (${corners.join(', ')}); give x1, y1, x2, y2 in pixels with x1 <= x2 and y1 <= y2.`,
    );
  }
}

function renderAnswers(example: ReportExample, where: string): string {
  if (example.answers.length === 0) return '';
  const rows = example.answers.map(({ answer, probability }) => {
    const fraction = checkedFraction(probability, `the probability of '${answer}' in ${where}`);
    return `<tr><th scope="row"><bdi>${escapeHtml(answer)}</bdi></th><td class="bar-cell">${bar(fraction)}</td><td class="number">${formatProbability(fraction)}</td></tr>`;
  });
  return `<table class="answers">
<colgroup><col class="answer"><col><col class="probability"></colgroup>
<thead class="unseen"><tr><th scope="col">Answer</th><td></td><th scope="col">Probability</th></tr></thead>
<tbody>${rows.join('')}</tbody>
</table>`;
}

function round(pixels: number): string {
  return String(Math.round(pixels * 100) / 100);
}
