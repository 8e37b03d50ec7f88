/** @file One operation: what it takes and gives, and a form to try it. */

import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { curlOf } from './curl.js';
import { FORM, fieldsOf, JSON_BODY, type Operation, type Schema, typeText } from './document.js';
import { FormFields } from './FormFields.js';
import { JsonBody } from './JsonBody.js';
import { ResponseView } from './ResponseView.js';
import { type Draft, draftOf, type Sent, send } from './send.js';

interface Props {
  readonly operation: Operation;
  readonly token: string;
}

export function OperationView({ operation, token }: Props) {
  const { id, method, path, summary } = operation;
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  return (
    <article class="operation" id={id} aria-labelledby={`${id}-name`}>
      <h3 id={`${id}-name`}>
        <span class={`method ${method.toLowerCase()}`}>{method}</span> <code>{path}</code>
      </h3>
      <p>{summary}.</p>
      <details>
        <summary>What it takes and gives</summary>
        {bodies.map(([type, { schema }]) => (
          <FieldTable key={type} title={type === FORM ? 'As a form' : 'As JSON'} schema={schema} />
        ))}
        {Object.entries(operation.responses).map(([code, { description, content }]) => {
          const schema = content?.[JSON_BODY]?.schema;
          return code === '200' && schema !== undefined ? (
            <FieldTable key={code} title={`${code}: ${description}`} schema={schema} />
          ) : (
            <p key={code} class="code">
              <b>{code}</b> {description}
            </p>
          );
        })}
      </details>
      <details>
        <summary>
          Try it<span class="unseen">: {`${method} ${path}`}</span>
        </summary>
        <Trial operation={operation} token={token} />
      </details>
    </article>
  );
}

function FieldTable({ title, schema }: { readonly title: string; readonly schema: Schema }) {
  const fields = fieldsOf(schema);
  if (fields.length === 0) return null;
  return (
    <table class="plain fields">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">What it is</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        {fields.map(({ name, schema: own, isRequired }) => (
          <tr key={name}>
            <th scope="row">
              <code>
                {name.split(/(?<=\.)/).map((part, i) => (
                  <Fragment key={i}>
                    {part}
                    <wbr />
                  </Fragment>
                ))}
              </code>
            </th>
            <td>
              {typeText(own)}
              {isRequired && ', required'}
              {own.default !== undefined && `, default ${JSON.stringify(own.default)}`}
            </td>
            <td>{own.description}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A request that is put together, sent, and what came back. */
function Trial({ operation, token }: Props) {
  const { id, requestBody, parameters = [] } = operation;
  const types = Object.keys(requestBody?.content ?? {});
  // Forms need nothing but a picture and words.
  const [type, setType] = useState(types.includes(FORM) ? FORM : types[0]);
  const schema = type === undefined ? undefined : requestBody?.content[type]?.schema;
  const [drafts, setDrafts] = useState<Record<string, Draft>>({});
  const [sent, setSent] = useState<Sent>();
  const draft = drafts[type ?? ''] ?? draftOf(operation, type);
  const change = (part: Partial<Draft>): void =>
    setDrafts((before) => ({
      ...before,
      [type ?? '']: { ...(before[type ?? ''] ?? draft), ...part },
    }));
  const ask = async (event: Event): Promise<void> => {
    event.preventDefault();
    setSent({ isWaiting: true });
    setSent(await send(operation, type, draft, token));
  };
  return (
    <form class="trial" onSubmit={(event) => void ask(event)}>
      {types.length > 1 && (
        <fieldset>
          <legend>How it is asked</legend>
          {types.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name={`${id}-type`}
                checked={each === type}
                onChange={() => setType(each)}
              />
              {each === FORM ? 'As a form' : 'As JSON'}
            </label>
          ))}
        </fieldset>
      )}
      {parameters.map(({ name, description }) => (
        <label key={name}>
          <span>
            {name} {description}
          </span>
          <input
            required
            value={String(draft.fields[name] ?? '')}
            onInput={({ currentTarget }) =>
              change({ fields: { ...draft.fields, [name]: currentTarget.value } })
            }
          />
        </label>
      ))}
      {type === FORM && schema !== undefined && (
        <FormFields id={id} schema={schema} draft={draft} token={token} onChange={change} />
      )}
      {type === JSON_BODY && schema !== undefined && (
        <JsonBody id={id} schema={schema} draft={draft} token={token} onChange={change} />
      )}
      <p class="curl">
        <span>The same from a terminal</span>
        <code>{curlOf(operation, type, draft, token !== '')}</code>
      </p>
      <button type="submit" class="primary">
        Send
      </button>
      <ResponseView sent={sent} />
    </form>
  );
}
