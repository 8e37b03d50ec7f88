/** @file How the test servers want their results. */

/** Tasks with a test server, or an official script that reads what it reads. */
export const submissionTasks = ['vqa', 'gqa', 'nlvr2', 'vizwiz', 'aokvqa'] as const;
export type SubmissionTask = (typeof submissionTasks)[number];

/** How a server wants results. */
export interface ServerForm {
  /** As it stands behind "expected". */
  readonly expected: string;
  readonly layout: 'list' | 'object' | 'lines';
  readonly idKey: string;
  readonly idType: 'number' | 'string';
  /** The keys of what is answered, with the type that each must have. */
  readonly answers: Readonly<Record<string, 'string' | 'number'>>;
  /** Whether any of the keys will do, the same in every result: each is for a challenge of its own, which all must be in. */
  readonly isEither?: boolean;
  /** The key whose answer must be one of the question's choices. */
  readonly choiceKey?: string;
  /** The evaluation compares answers letter by letter, and all right ones are in small letters without a full stop. */
  readonly isLiteral?: boolean;
}

export const SERVER_FORMS: Readonly<Record<SubmissionTask, ServerForm>> = {
  vqa: {
    expected: 'a JSON list of {"question_id": 262148000, "answer": "down"}',
    layout: 'list',
    idKey: 'question_id',
    idType: 'number',
    answers: { answer: 'string' },
  },
  gqa: {
    expected: 'a JSON list of {"questionId": "05451384", "prediction": "red"}',
    layout: 'list',
    idKey: 'questionId',
    idType: 'string',
    answers: { prediction: 'string' },
    isLiteral: true,
  },
  nlvr2: {
    expected: 'lines of test1-0-0-0,True or test1-0-0-0,False',
    layout: 'lines',
    idKey: 'identifier',
    idType: 'string',
    answers: {},
  },
  vizwiz: {
    expected:
      'a JSON list of {"image": "VizWiz_test_00000000.jpg", "answer": "blue"}, or with "answerable": 0.9',
    layout: 'list',
    idKey: 'image',
    idType: 'string',
    answers: { answer: 'string', answerable: 'number' },
    isEither: true,
  },
  aokvqa: {
    expected: 'a JSON object of {"QUESTION ID": {"direct_answer": "rain", "multiple_choice": "rain"}}',
    layout: 'object',
    idKey: 'the question id',
    idType: 'string',
    answers: { direct_answer: 'string', multiple_choice: 'string' },
    isEither: true,
    choiceKey: 'multiple_choice',
  },
};
