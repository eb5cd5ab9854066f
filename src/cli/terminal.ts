import { errors, toFailure, type FailureValue } from '../contract/errors'

/** Where the command line writes: standard output and standard error, or a test's own buffers. */
export interface Streams {
  out(text: string): void
  error(text: string): void
}

/**
 * The command line's side of its contract. With `--json` standard output carries exactly one JSON document;
 * everything else (progress, notes, the line that explains a failure) goes to standard error.
 * Exit codes: 0 success, 1 a failure explained in one line, 2 wrong usage.
 */
export class Terminal {
  private answered = false
  private readonly controller = new AbortController()
  /** Exit code that the process will end with. */
  exitCode: 0 | 1 | 2 = 0

  constructor(
    readonly json: boolean,
    private readonly streams: Streams
  ) {}

  /** Set by Ctrl-C: work in progress stops, and nothing is left half-written. */
  get signal(): AbortSignal {
    return this.controller.signal
  }

  cancel(): void {
    this.controller.abort()
  }

  /** The command's one answer: the document for `--json`, the sentences otherwise. */
  answer(value: unknown, text: string): void {
    if (this.answered) throw new Error('a command answers once')
    this.answered = true
    this.streams.out(this.json ? `${JSON.stringify(value)}\n` : text.endsWith('\n') ? text : `${text}\n`)
  }

  /** A line for a person, on standard error. */
  note(line: string): void {
    this.streams.error(`${line}\n`)
  }

  /** Explains a failure in one line and sets the exit code; an answer already given stays the only document. */
  fail(thrown: unknown, exitCode: 1 | 2 = 1): void {
    const failure = toFailure(thrown)
    this.exitCode = exitCode
    this.streams.error(`text2grad: ${oneLine(failure)}\n`)
    if (failure.code === 'internal' && thrown instanceof Error && process.env.TEXT2GRAD_DEBUG)
      this.streams.error(`${thrown.stack ?? ''}\n`)
    if (this.json && !this.answered) {
      this.answered = true
      this.streams.out(`${JSON.stringify({ error: { code: failure.code, message: failure.message } })}\n`)
    }
  }
}

function oneLine({ code, message }: FailureValue): string {
  const text = message.replace(/\s+/g, ' ').trim()
  return code === 'internal' ? `${text} (${errors.internal.remedy})` : `${text} [${code}]`
}
