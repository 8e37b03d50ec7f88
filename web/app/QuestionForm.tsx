/** @file A question, the model that is asked, and the button. */

import { useId, useState } from 'preact/hooks';

interface Props {
  readonly label: string;
  readonly models: readonly { readonly name: string }[];
  readonly question: string;
  readonly model: string;
  /** Absent where several forms have one button. */
  readonly button?: string | undefined;
  readonly onChange: (question: string, model: string) => void;
  readonly onAsk: (question: string) => void;
}

export function QuestionForm({ label, models, question, model, button, onChange, onAsk }: Props) {
  const id = useId();
  const [isEmpty, setIsEmpty] = useState(false);
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        setIsEmpty(question.trim() === '');
        if (question.trim() !== '') onAsk(question);
      }}
    >
      <label class="question" for={id}>
        {label}
        <input
          id={id}
          type="text"
          dir="auto"
          maxLength={1000}
          autocomplete="off"
          value={question}
          aria-invalid={isEmpty}
          onInput={({ currentTarget: { value } }) => {
            setIsEmpty(false);
            onChange(value, model);
          }}
        />
      </label>
      {models.length > 1 && (
        <label>
          Model
          <select value={model} onChange={({ currentTarget: { value } }) => onChange(question, value)}>
            {models.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {button !== undefined && (
        <button type="submit" class="primary">
          {button}
        </button>
      )}
      {isEmpty && (
        <p class="failure" role="alert">
          Write a question first.
        </p>
      )}
    </form>
  );
}
