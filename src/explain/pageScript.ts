/** @file The script of an explanation's page: which layer, head, word or region, and what it looks at. */

/** Runs inside the page, on the data in its element `explanation`; plain JavaScript of every browser of today. */
export const pageScript = `
'use strict';
const data = JSON.parse(document.getElementById('explanation').textContent);
const numWords = data.words.length;
const numRegions = data.regions.length;
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const decode = ({ numHeads, numRows, numColumns, values }) => {
  const text = atob(values);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return (head, row, column) => view.getUint16(2 * ((head * numRows + row) * numColumns + column), true) / 65535;
};
const layers = data.layers.map(({ wordsOnRegions, regionsOnWords }) => ({
  numHeads: wordsOnRegions.numHeads,
  wordsOnRegions: decode(wordsOnRegions),
  regionsOnWords: decode(regionsOnWords),
}));
const state = { layer: layers.length - 1, head: -1, direction: 'words', word: 0, region: 0 };

/** The attention of one word or region, on the chosen layer and head or the heads' mean. */
const attention = (direction, row, column) => {
  const layer = layers[state.layer];
  const read = direction === 'words' ? layer.wordsOnRegions : layer.regionsOnWords;
  if (state.head >= 0) return read(state.head, row, column);
  let sum = 0;
  for (let head = 0; head < layer.numHeads; head++) sum += read(head, row, column);
  return sum / layer.numHeads;
};
const shares = (direction, row) =>
  Array.from({ length: direction === 'words' ? numRegions : numWords }, (_, column) => attention(direction, row, column));
/** What is drawn strongest: where attention is spread evenly, nothing is. */
const strongest = (values, numColumns) => Math.max(...values, Math.min(1, 4 / numColumns));
const percent = (value) => (100 * value).toFixed(1) + ' %';
const nameOf = (region) => data.regions[region].label || 'region ' + (region + 1);

const chips = all('[data-word]');
// Drawn by size; here by number.
const boxes = all('[data-box]').sort((a, b) => Number(a.dataset.box) - Number(b.dataset.box));
const rows = all('[data-region]');
const cells = all('[data-cell]');

function show() {
  const isWords = state.direction === 'words';
  const values = isWords ? shares('words', state.word) : shares('regions', state.region);
  const most = strongest(values, values.length);
  chips.forEach((chip, word) => {
    chip.setAttribute('aria-pressed', String(isWords && word === state.word));
    chip.style.setProperty('--share', isWords ? '0' : String(values[word] / most));
    chip.title = isWords ? '' : percent(values[word]);
  });
  boxes.forEach((box, region) => {
    const share = isWords ? values[region] / most : region === state.region ? 1 : 0;
    box.style.setProperty('--share', String(share));
    box.classList.toggle('chosen', !isWords && region === state.region);
  });
  rows.forEach((button, region) => {
    button.setAttribute('aria-pressed', String(!isWords && region === state.region));
    const value = isWords ? percent(values[region]) : '';
    button.querySelector('.value').textContent = value;
    button.style.setProperty('--share', isWords ? String(values[region] / most) : '0');
    button.parentElement.style.order = isWords ? String(Math.round(-10000 * values[region])) : '0';
  });
  const top = values.map((value, i) => [value, i]).sort((a, b) => b[0] - a[0]).slice(0, 3);
  byId('reading').textContent = isWords
    ? '"' + data.words[state.word] + '" looks most at ' + top.map(([value, i]) => nameOf(i) + ' (' + percent(value) + ')').join(', ') + '.'
    : nameOf(state.region) + ' looks most at ' + top.map(([value, i]) => '"' + data.words[i] + '" (' + percent(value) + ')').join(', ') + '.';
  showMap();
}

function showMap() {
  const isWords = state.direction === 'words';
  const values = cells.map((_, i) => {
    const [word, region] = [Math.floor(i / numRegions), i % numRegions];
    return isWords ? attention('words', word, region) : attention('regions', region, word);
  });
  const most = strongest(values, isWords ? numRegions : numWords);
  cells.forEach((cell, i) => {
    const [word, region] = [Math.floor(i / numRegions), i % numRegions];
    cell.style.setProperty('--share', String(values[i] / most));
    cell.classList.toggle('chosen', isWords ? word === state.word : region === state.region);
    cell.title = data.words[word] + ' / ' + nameOf(region) + ': ' + percent(values[i]);
  });
}

function choose(change) {
  Object.assign(state, change);
  byId('direction-words').checked = state.direction === 'words';
  byId('direction-regions').checked = state.direction === 'regions';
  show();
}

byId('layer').addEventListener('change', (event) => choose({ layer: Number(event.target.value) }));
byId('head').addEventListener('change', (event) => choose({ head: Number(event.target.value) }));
byId('direction-words').addEventListener('change', () => choose({ direction: 'words' }));
byId('direction-regions').addEventListener('change', () => choose({ direction: 'regions' }));
chips.forEach((chip, word) => chip.addEventListener('click', () => choose({ direction: 'words', word })));
rows.forEach((button, region) => {
  button.addEventListener('click', () => choose({ direction: 'regions', region }));
  for (const type of ['mouseenter', 'focus']) button.addEventListener(type, () => boxes[region].classList.add('pointed'));
  for (const type of ['mouseleave', 'blur']) button.addEventListener(type, () => boxes[region].classList.remove('pointed'));
});
boxes.forEach((box, region) => box.addEventListener('click', () => choose({ direction: 'regions', region })));
cells.forEach((cell, i) =>
  cell.addEventListener('click', () =>
    choose(state.direction === 'words' ? { word: Math.floor(i / numRegions) } : { region: i % numRegions }),
  ),
);
choose({});
`;
