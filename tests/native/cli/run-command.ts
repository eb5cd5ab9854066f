import { runCommandLine } from '../../../src/cli/program'

export interface Said {
  readonly exitCode: number
  readonly out: string
  readonly error: string
  /** What `--json` printed. */
  readonly json: unknown
}

/** Runs a command line in this process and keeps what it says. */
export async function text2grad(...words: string[]): Promise<Said> {
  let out = ''
  let error = ''
  const streams = { out: (text: string) => void (out += text), error: (text: string) => void (error += text) }
  const exitCode = await runCommandLine(words, streams)
  return { exitCode, out, error, json: words.includes('--json') ? (JSON.parse(out) as unknown) : null }
}
