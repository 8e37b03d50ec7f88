import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The native addon is process-wide: forks keep one test file's engine state out of another's.
    pool: 'forks',
    maxWorkers: 2,
    // Two files run at once on two cores: teams of threads that wait for each other would starve both.
    env: { OMP_NUM_THREADS: '1' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes late on a full machine; a test that never sees it fails all the same.
    expect: { poll: { timeout: 20_000 } },
    globalSetup: ['test/globalSetup.ts'],
    setupFiles: ['test/setup.ts'],
  },
});
