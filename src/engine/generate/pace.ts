/**
 * How long a run of the graph may be. A run cannot be stopped, so it should last less than a second; how many turns
 * that is, is learnt from the runs before. Where a rollout is divided changes nothing in its tokens.
 */
export class Pace {
  private millisecondsPerTurn: number | null = null

  /** `aim`: milliseconds that a run should take. */
  constructor(private readonly aim: number) {}

  /** Turns of the next run. Unknown speed: a few, to measure. */
  turns(most: number): number {
    if (this.millisecondsPerTurn === null) return Math.min(most, firstTurns)
    return Math.max(1, Math.min(most, Math.floor(this.aim / this.millisecondsPerTurn)))
  }

  /** Learns from a run that fed one token a turn. */
  learn(turns: number, milliseconds: number): void {
    this.millisecondsPerTurn = milliseconds / turns
  }
}

const firstTurns = 8

/** Products of a run over prompts that last about as long: of two numbers, in one second on two ordinary cores. */
const promptProducts = 5e10

/**
 * Columns of the prompts that a run takes. It depends on the shapes only and not on the time, because how a prompt is
 * divided changes the last bits of what attention sums up.
 */
export const promptColumns = (weights: number, batch: number): number =>
  Math.max(16, Math.floor(promptProducts / (weights * batch)))
