import type { CodeTests } from '../contract/critic'

/**
 * Unit tests for the critic `tests`, in the keys `test` and `entry_point` as HumanEval has them: of a line of prompts, or
 * of what came with a project's document or its answers. The first that has both counts.
 */
export function testsOf(...records: readonly Readonly<Record<string, unknown>>[]): { tests?: CodeTests } {
  for (const { test, entry_point: entryPoint } of records)
    if (typeof test === 'string' && typeof entryPoint === 'string') return { tests: { test, entryPoint } }
  return {}
}
