/** @file All examples of a task's files. */

/** In the order of the files. @throws LxmertError with file and place for one that is not as the task expects */
export async function readExamples<Example>(
  task: { readonly read: (file: string) => AsyncIterable<Example> },
  files: readonly string[],
): Promise<Example[]> {
  const examples: Example[] = [];
  for (const file of files) for await (const example of task.read(file)) examples.push(example);
  return examples;
}
