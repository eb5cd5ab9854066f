/** Answers of one step, and how many of them could not be judged. */
export interface StepCount {
  readonly answers: number
  readonly failed: number
}

/** What the alarm remembers: the last steps; part of a checkpoint. */
export type FailureWindow = readonly StepCount[]

/** "Over 20 % failures in 20 steps" (contracts, failing closed). */
const windowSteps = 20
const allowedShare = 0.2

/**
 * Adds a step to the window. The alarm is raised as soon as the failures in the window are more than a fifth of what
 * a full window holds, so that a critic that always fails stops a run at its fifth step, and a single bad step does
 * not. `steps`: the length of the run; a shorter run than the window has a shorter window.
 */
export function countFailures(
  window: FailureWindow,
  step: StepCount,
  steps: number
): { readonly window: FailureWindow; readonly alarm: string | null } {
  const length = Math.min(windowSteps, steps)
  const next = [...window, step].slice(-length)
  const failed = next.reduce((sum, { failed: count }) => sum + count, 0)
  const answers = next.reduce((sum, { answers: count }) => sum + count, 0)
  const full = (answers / next.length) * length
  const alarm =
    failed > allowedShare * full
      ? `The critic failed on ${failed} of ${answers} answers in the last ${next.length} steps; more than a fifth of ${length} steps' answers stops the run.`
      : null
  return { window: next, alarm }
}
