import { defineConfig } from 'vitest/config'

/** Tests are split by what they need: `pure` needs nothing, `native` needs the native modules, `long` needs time. */
const project = (name: string, testTimeout: number) => ({
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    environment: 'node',
    pool: 'forks' as const,
    testTimeout,
    hookTimeout: testTimeout
  }
})

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [project('pure', 30_000), project('native', 120_000), project('long', 900_000)]
  }
})
