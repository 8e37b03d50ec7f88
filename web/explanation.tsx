/** @file The page of one explanation: it finds its data in the document and asks the network for nothing. */

import 'virtual:house-style.css';
import './style/explanation.css';
import { render } from 'preact';
import type { ExplanationOrigin, ExplanationPage } from '../src/explain/explanationPage.js';
import { ExplanationView } from './view/ExplanationView.js';

const text = document.getElementById('explanation')?.textContent ?? '';
const { explanation, picture, origin } = JSON.parse(text) as ExplanationPage;

function Origin({ model, version, date, picture: name, command }: ExplanationOrigin) {
  return (
    <p class="small">
      {`Picture ${name}, model ${model}, LXMERT ${version}, ${date.slice(0, 16).replace('T', ' ')} UTC. Made again by: `}
      <code>{command}</code>
    </p>
  );
}

render(
  <main class="wide">
    <header>
      <h1 dir="auto">{explanation.question}</h1>
      {origin !== null && <Origin {...origin} />}
    </header>
    <div class="bench">
      <ExplanationView explanation={explanation} picture={picture ?? undefined} />
    </div>
  </main>,
  document.getElementById('root') as HTMLElement,
);
