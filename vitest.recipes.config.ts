import { defineConfig } from 'vitest/config';

/** The recipes of the sample world, trained as their pages say: minutes of real training, apart from the quick tests. */
export default defineConfig({
  test: {
    include: ['test/recipes/**/*.recipe.ts'],
    testTimeout: 30 * 60_000,
    // Beside the tests they get what is left of the processor, which may be next to nothing until those end.
    hookTimeout: 30 * 60_000,
    maxConcurrency: 2,
  },
});
