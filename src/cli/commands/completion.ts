/** @file `lxmert completion`. */

import { z } from 'zod';
import { defineCommand } from '../command.js';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { completedCommands } from '../completion/words.js';
import { zshCompletion } from '../completion/zsh.js';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export const command = defineCommand({
  description:
    'Prints a script for a shell, which then completes commands, flags, what flags take, and paths. The script says at its ' +
    'beginning where it goes; it is made of the same descriptions as the help, so print it anew after an update.',
  examples: [
    {
      command: 'source <(lxmert completion bash)',
      does: 'completes in this bash, or in each when it stands in ~/.bashrc',
    },
    {
      command: 'source <(lxmert completion zsh)',
      does: 'completes in this zsh, or in each when it stands in ~/.zshrc',
    },
    {
      command: 'lxmert completion fish > ~/.config/fish/completions/lxmert.fish',
      does: 'completes in each new fish',
    },
  ],
  arguments: z.strictObject({ shell: z.enum(['bash', 'zsh', 'fish']).describe('Which shell') }),
  options: z.strictObject({}),
  run: async ({ arguments: { shell }, commands }) => ({
    shell,
    script: shells[shell](await completedCommands(commands)),
  }),
  render: ({ script }) => script,
});
