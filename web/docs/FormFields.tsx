/** @file The fields of a form, by their schema. */

import type { Schema } from './document.js';
import { PictureField } from './PictureField.js';
import type { Draft } from './send.js';

interface Props {
  readonly id: string;
  readonly schema: Schema;
  readonly draft: Draft;
  readonly token: string;
  readonly onChange: (part: Partial<Draft>) => void;
}

export function FormFields({ id, schema, draft, token, onChange }: Props) {
  const { properties = {}, required = [] } = schema;
  const set = (name: string, value: string | boolean): void =>
    onChange({ fields: { ...draft.fields, [name]: value } });
  return (
    <>
      {Object.entries(properties).map(([name, own]) =>
        own.format === 'binary' ? (
          <PictureField key={name} file={draft.file} token={token} onFile={(file) => onChange({ file })} />
        ) : (
          <Field
            key={name}
            id={`${id}-${name}`}
            name={name}
            schema={own}
            isRequired={required.includes(name)}
            value={draft.fields[name]}
            onChange={(value) => set(name, value)}
          />
        ),
      )}
    </>
  );
}

interface FieldProps {
  readonly id: string;
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  readonly value: string | boolean | undefined;
  readonly onChange: (value: string | boolean) => void;
}

function Field({ id, name, schema, isRequired, value, onChange }: FieldProps) {
  const text = typeof value === 'string' ? value : '';
  const label = (
    <span>
      <code>{name}</code> {schema.description ?? ''}
      {schema.type === 'array' && ' (a line for each)'}
    </span>
  );
  if (schema.type === 'boolean')
    return (
      <label class="check">
        <input
          type="checkbox"
          checked={value === true}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />
        {label}
      </label>
    );
  if (schema.enum !== undefined)
    return (
      <label for={id}>
        {label}
        <select id={id} value={text} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          <option value="">as the server chooses</option>
          {schema.enum.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      </label>
    );
  if (schema.type === 'array')
    return (
      <label for={id}>
        {label}
        <textarea
          id={id}
          rows={2}
          required={isRequired}
          value={text}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      </label>
    );
  const shared = {
    id,
    placeholder: schema.default === undefined ? '' : String(schema.default),
    required: isRequired,
    value: text,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => onChange(currentTarget.value),
  };
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  return (
    <label for={id}>
      {label}
      {isNumber ? (
        <input type="number" min={schema.minimum} max={schema.maximum} {...shared} />
      ) : (
        <input {...shared} />
      )}
    </label>
  );
}
