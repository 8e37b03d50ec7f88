/** @file The whole page: what the API is for, and its operations by their groups. */

import { useState } from 'preact/hooks';
import { type ApiDocument, operationsOf } from './document.js';
import { OperationView } from './OperationView.js';

export function ApiPage({ api }: { readonly api: ApiDocument }) {
  const [token, setToken] = useState('');
  const operations = operationsOf(api);
  const { title, version, description } = api.info;
  return (
    <main>
      <header>
        <h1>{title}: the API</h1>
        <p class="subtitle">
          Version {version}. {description}
        </p>
        <p>
          <a href="../">The page that asks for you</a>{' '}
          <a href="../openapi.json">This description as OpenAPI</a>
        </p>
        <label class="token">
          <span>Token, where the server asks for one</span>
          <input
            type="password"
            autocomplete="off"
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <nav aria-label="Operations">
          <ul class="contents">
            {operations.map(({ id, method, path }) => (
              <li key={id}>
                <a href={`#${id}`}>
                  {method} {path}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      {api.tags.map((tag) => (
        <section key={tag.name} aria-labelledby={`tag-${tag.name}`}>
          <h2 id={`tag-${tag.name}`}>{tag.name}</h2>
          <p class="lead">{tag.description}</p>
          {operations
            .filter(({ tags }) => tags.includes(tag.name))
            .map((operation) => (
              <OperationView key={operation.id} operation={operation} token={token.trim()} />
            ))}
        </section>
      ))}
    </main>
  );
}
