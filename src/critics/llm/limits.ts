import type { Clock } from './clock'
import type { LlmSettings } from './settings'
import { noBook, type SpentBook } from './spent'

/** The budget does not hold another request. */
export class BudgetSpent extends Error {}

/** Leave to send one request. */
export interface Leave {
  /** That it may take at most: what is left of the budget of seconds, or the timeout if that is shorter. */
  readonly seconds: number
  /** Whether it is the budget that ends it, and not the timeout. */
  readonly untilBudgetEnds: boolean
  /** To be called once, with the tokens that the request took. */
  settle(tokens: number): void
}

const MINUTE = 60_000

/**
 * Budget and rate of everything that one critic sends, whichever of its requests sends it. Tokens are reserved before a
 * request leaves, at the most it can take, and settled afterwards, so that requests on their way never exceed the
 * budget together; one that does not fit waits for those to settle before it is refused.
 */
export class Limits {
  private requests: number
  private tokens: number
  private reserved = 0
  /** When this opening asked first. */
  private began: number | null = null
  /** Times of the requests in the last minute. */
  private readonly starts: number[] = []
  /** No request before this time: the server asked for it. */
  private notBefore = 0
  private waiting: (() => void)[] = []

  constructor(
    private readonly settings: Pick<LlmSettings, 'budget' | 'requestsPerMinute' | 'timeoutSeconds'>,
    private readonly clock: Clock,
    private readonly book: SpentBook = noBook
  ) {
    this.requests = book.before.requests
    this.tokens = book.before.tokens
  }

  /** What has been spent, by earlier openings too: tokens on their way are not in it. */
  get spent(): { readonly requests: number; readonly tokens: number } {
    return { requests: this.requests, tokens: this.tokens }
  }

  /** Keeps every request back for a while. */
  holdBack(milliseconds: number): void {
    this.notBefore = Math.max(this.notBefore, this.clock.now() + milliseconds)
  }

  /**
   * Waits until a request of at most so many tokens may leave, which the book then knows.
   * @throws BudgetSpent; the signal's reason; what the book throws
   */
  async take(tokens: number, signal: AbortSignal): Promise<Leave> {
    const { budget, timeoutSeconds } = this.settings
    for (;;) {
      signal.throwIfAborted()
      const now = this.clock.now()
      this.began ??= now
      const left = (budget.seconds ?? Number.POSITIVE_INFINITY) * 1000 - this.secondsAt(now) * 1000
      if (budget.requests !== null && this.requests >= budget.requests)
        throw new BudgetSpent(`The budget of ${budget.requests} requests is spent.`)
      const wait = this.waitAt(now)
      if (left <= 0 || wait >= left)
        throw new BudgetSpent(`The budget of ${budget.seconds} seconds is spent.`)
      if (budget.tokens !== null && this.tokens + this.reserved + tokens > budget.tokens) {
        if (this.reserved === 0)
          throw new BudgetSpent(
            `The budget of ${budget.tokens} tokens does not hold another request of up to ${tokens}: ${this.tokens} are spent.`
          )
        await this.settled(signal)
        continue
      }
      if (wait > 0) {
        await this.clock.sleep(wait, signal)
        continue
      }
      // At the most it can be: who is killed while it is on its way has counted it.
      this.note(now, 1, tokens)
      this.requests++
      this.reserved += tokens
      this.starts.push(now)
      return {
        seconds: Math.min(timeoutSeconds, left / 1000),
        untilBudgetEnds: left / 1000 < timeoutSeconds,
        settle: (used) => this.settle(tokens, used)
      }
    }
  }

  /** Milliseconds until the rate and the server let another request leave. */
  private waitAt(now: number): number {
    const { requestsPerMinute } = this.settings
    while (this.starts.length > 0 && this.starts[0] <= now - MINUTE) this.starts.shift()
    const full = requestsPerMinute !== null && this.starts.length >= requestsPerMinute
    return Math.max(0, this.notBefore - now, full ? this.starts[0] + MINUTE - now : 0)
  }

  /** Seconds spent, by earlier openings too. */
  private secondsAt(now: number): number {
    return this.book.before.seconds + (now - (this.began ?? now)) / 1000
  }

  private note(now: number, requests = 0, tokens = 0): void {
    this.book.keep({
      requests: this.requests + requests,
      tokens: this.tokens + this.reserved + tokens,
      seconds: this.secondsAt(now)
    })
  }

  private settle(reserved: number, used: number): void {
    this.reserved -= reserved
    this.tokens += used
    this.note(this.clock.now())
    const waiting = this.waiting
    this.waiting = []
    for (const go of waiting) go()
  }

  private settled(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        signal.removeEventListener('abort', go)
        resolve()
      }
      signal.addEventListener('abort', go)
      this.waiting.push(go)
    })
  }
}
