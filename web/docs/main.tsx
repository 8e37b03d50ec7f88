/** @file The page about the API, made of the document that the server gives of itself. */

import 'virtual:house-style.css';
import '../style/docs.css';
import { render } from 'preact';
import { ApiPage } from './ApiPage.js';
import type { ApiDocument } from './document.js';

const root = document.getElementById('root') as HTMLElement;

async function show(): Promise<void> {
  const response = await fetch('../openapi.json');
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  const api = (await response.json()) as ApiDocument;
  render(<ApiPage api={api} />, root);
  // The address of an operation is known only now.
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show().catch((error: unknown) => {
  render(
    <main>
      <p class="failure" role="alert">
        The server's description of itself could not be fetched: {String(error)}.
      </p>
    </main>,
    root,
  );
});
