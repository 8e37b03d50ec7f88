/** @file What came back. */

import type { Sent } from './send.js';

/** More characters than this are of use to programs alone. */
const MOST_SHOWN = 20_000;

export function ResponseView({ sent }: { readonly sent: Sent | undefined }) {
  return (
    <div class="response" role="status">
      {sent !== undefined && <Content sent={sent} />}
    </div>
  );
}

function Content({ sent }: { readonly sent: Sent }) {
  if ('isWaiting' in sent) return <p>Asking ...</p>;
  if ('failure' in sent) return <p class="failure">{sent.failure}</p>;
  const { status, milliseconds, type, text, url } = sent;
  const shown = pretty(text, type);
  return (
    <>
      <p>
        <b class={`status ${status < 400 ? 'right' : 'wrong'}`}>{status}</b> {type.split(';')[0]}, after{' '}
        {milliseconds.toFixed(0)} ms
      </p>
      {url !== undefined && <img src={url} alt="What came back" />}
      {shown !== '' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too.
        <pre tabIndex={0}>
          {shown.length > MOST_SHOWN
            ? `${shown.slice(0, MOST_SHOWN)}\n... ${(shown.length - MOST_SHOWN).toLocaleString('en-US')} further characters`
            : shown}
        </pre>
      )}
    </>
  );
}

function pretty(text: string, type: string): string {
  if (!type.startsWith('application/json')) return text;
  try {
    return JSON.stringify(JSON.parse(text), (_key, value: unknown) => shortened(value), 2);
  } catch {
    return text;
  }
}

/** Maps and features are long, and no one reads them. */
function shortened(value: unknown): unknown {
  return typeof value === 'string' && value.length > 400
    ? `${value.slice(0, 80)}... (${value.length.toLocaleString('en-US')} characters)`
    : value;
}
