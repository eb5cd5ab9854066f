import type { Clock } from '../../../../src/critics/llm/clock'

/** Time that passes only while somebody sleeps: nothing waits for it, and nothing depends on the machine. */
export class FakeClock implements Clock {
  private time = 0
  /** Every wait, in milliseconds. */
  readonly waits: number[] = []

  now(): number {
    return this.time
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.waits.push(milliseconds)
    const until = this.time + milliseconds
    await new Promise((resolve) => setImmediate(resolve))
    if (!signal.aborted) this.time = Math.max(this.time, until)
  }

  pass(milliseconds: number): void {
    this.time += milliseconds
  }
}
