/** @file An explanation as one web page that holds all it needs and asks the network for nothing. */

import { escapeHtml } from '../report/escape.js';
import { selfContainedPage } from '../report/page.js';
import { pageStyle } from '../report/style.js';
import type { ExplainedRegion, Explanation } from './explanation.js';
import { pageScript } from './pageScript.js';
import { explanationStyle } from './pageStyle.js';

/**
 * The page, to be written to a file and opened offline.
 *
 * @param picture a data URI of the picture; without it, boxes are drawn on an empty field of its size
 */
export function renderExplanation(explanation: Explanation, picture?: string): string {
  const { question } = explanation;
  return selfContainedPage({
    title: question,
    style: `${pageStyle}${explanationStyle}`,
    body: `<main>
<header>
<h1 dir="auto">${escapeHtml(question)}</h1>
${renderAnswers(explanation)}
</header>
<section aria-labelledby="looked">
<h2 id="looked">What the model looked at</h2>
${renderControls(explanation)}
<ul class="chips" aria-label="Words of the question">
${explanation.words.map((word) => `<li><button type="button" data-word aria-pressed="false"><bdi>${escapeHtml(word)}</bdi></button></li>`).join('\n')}
</ul>
<p class="reading" id="reading" role="status"></p>
<div class="columns">
${renderPicture(explanation, picture)}
<ol class="regions" aria-label="Regions">
${explanation.regions.map(renderRegion).join('\n')}
</ol>
</div>
</section>
${renderMap(explanation)}
</main>`,
    script: { text: pageScript, dataId: 'explanation', data: explanation },
  });
}

function renderAnswers({ answers }: Explanation): string {
  const [best] = answers;
  if (best === undefined) return '';
  const rows = answers.map(
    ({ answer, probability }) => `<tr><th scope="row" dir="auto">${escapeHtml(answer)}</th>
<td><svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="8"/><rect class="fill" width="${(100 * probability).toFixed(2)}" height="8"/></svg></td>
<td class="number">${(100 * probability).toFixed(1)} %</td></tr>`,
  );
  return `<p class="top" dir="auto">${escapeHtml(best.answer)}</p>
<table class="answers">
<colgroup><col class="answer"><col><col class="probability"></colgroup>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function renderControls({ layers }: Explanation): string {
  const last = layers.length - 1;
  const layerOptions = layers.map(
    (_, i) =>
      `<option value="${i}"${i === last ? ' selected' : ''}>${i + 1}${i === last ? ' (last)' : ''}</option>`,
  );
  const numHeads = layers[0]?.wordsOnRegions.numHeads ?? 0;
  const headOptions = Array.from({ length: numHeads }, (_, i) => `<option value="${i}">${i + 1}</option>`);
  return `<div class="controls">
<div><label for="layer">Cross-modality layer</label><select id="layer">${layerOptions.join('')}</select></div>
<div><label for="head">Head</label><select id="head"><option value="-1" selected>mean of all</option>${headOptions.join('')}</select></div>
<fieldset><legend>Attention of</legend>
<label><input type="radio" name="direction" id="direction-words" checked> a word on regions</label>
<label><input type="radio" name="direction" id="direction-regions"> a region on words</label></fieldset>
</div>`;
}

function renderPicture({ width, height, regions }: Explanation, picture: string | undefined): string {
  const image =
    picture === undefined
      ? `<svg class="blank" viewBox="0 0 ${width} ${height}" role="img" aria-label="An empty field of the picture's size"></svg>`
      : `<img src="${escapeHtml(picture)}" alt="The picture that the question is about" width="${width}" height="${height}">`;
  // Large boxes first, so that small ones lie above them and can be pointed at.
  const drawn = regions.map(({ box }, i) => ({ box, i })).sort((a, b) => areaOf(b.box) - areaOf(a.box));
  const rectangles = drawn.map(
    ({ box: [x1, y1, x2, y2], i }) =>
      `<rect data-box="${i}" x="${round(x1)}" y="${round(y1)}" width="${round(x2 - x1)}" height="${round(y2 - y1)}"><title>${escapeHtml(titleOf(regions[i] as ExplainedRegion, i))}</title></rect>`,
  );
  return `<div class="picture">${image}
<svg class="seen" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">
${rectangles.join('\n')}
</svg></div>`;
}

function renderRegion(region: ExplainedRegion, i: number): string {
  const { objectConfidence, attributeConfidence } = region;
  const sure =
    objectConfidence === null || attributeConfidence === null
      ? ''
      : ` <span class="sure" title="The detector's confidence">object ${percent(objectConfidence)}, attribute ${percent(attributeConfidence)}</span>`;
  return `<li><button type="button" data-region aria-pressed="false"><span><bdi>${escapeHtml(titleOf(region, i))}</bdi>${sure}</span><span class="value"></span></button></li>`;
}

function renderMap({ words, regions }: Explanation): string {
  const rows = words.map(
    (word) =>
      `<tr><th scope="row"><bdi>${escapeHtml(word)}</bdi></th>${regions.map(() => '<td data-cell></td>').join('')}</tr>`,
  );
  return `<section aria-labelledby="map">
<h2 id="map">Words by regions</h2>
<p class="small">One row for each word piece, one column for each region in the model's order: stronger color is more attention, in the direction chosen above. The answer is read from [CLS].</p>
<div class="scroll" tabindex="0" role="region" aria-label="Heat map of words by regions"><table class="map"><tbody>
${rows.join('\n')}
</tbody></table></div>
<p class="small">In the last layer only what [CLS] looks at reaches the answer; in the layers before it, everything does. Attention says where a layer took its values from, not why an answer was given; heads differ, and the mean hides that.</p>
</section>`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(0)} %`;
}

function titleOf({ label }: ExplainedRegion, i: number): string {
  return label ?? `region ${i + 1}`;
}

function areaOf([x1, y1, x2, y2]: ExplainedRegion['box']): number {
  return (x2 - x1) * (y2 - y1);
}

function round(value: number): string {
  return String(Number(value.toFixed(2)));
}
