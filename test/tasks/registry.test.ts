import { describe, expect, it } from 'vitest';
import { AnswerTable } from '../../src/data/answerTable.js';
import { findTask, headPrefixes, loadTask, tasks } from '../../src/tasks/registry.js';
import { headsOf } from '../../src/tasks/task.js';

describe('the registry', () => {
  it.each(tasks)('$name: what its line says is what its file says', async (entry) => {
    const { task } = await entry.load();
    expect(task.name).toBe(entry.name);
    expect(task.score !== undefined).toBe(entry.hasScore);
  });

  it('gives a task by name, and says which there are', async () => {
    expect((await loadTask('gqa')).title).toBe('GQA');
    await expect(loadTask('vpa')).rejects.toThrow("There is no task 'vpa'. The tasks are: vqa, gqa");
    expect(await findTask('vpa')).toBeUndefined();
    expect(await findTask(undefined)).toBeUndefined();
  });

  it('knows the heads of all tasks', async () => {
    expect(await headPrefixes()).toContain('answer_head');
    const vqa = await loadTask('vqa');
    expect(headsOf(vqa, new AnswerTable(['a', 'b', 'c']))).toEqual([
      { name: 'answer', prefix: 'answer_head', form: 'mlp', size: 3 },
    ]);
  });
});
