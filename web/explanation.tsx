/** @file The page of one explanation: it finds its data in the document and asks the network for nothing. */

import 'virtual:house-style.css';
import './style/explanation.css';
import { render } from 'preact';
import type { ExplanationPage } from '../src/explain/renderExplanation.js';
import { ExplanationView } from './view/ExplanationView.js';

const text = document.getElementById('explanation')?.textContent ?? '';
const { explanation, picture } = JSON.parse(text) as ExplanationPage;

render(
  <main class="wide">
    <header>
      <h1 dir="auto">{explanation.question}</h1>
    </header>
    <div class="bench">
      <ExplanationView explanation={explanation} picture={picture ?? undefined} />
    </div>
  </main>,
  document.getElementById('root') as HTMLElement,
);
