import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
export const modules = path.join(root, 'node_modules')
/** Ignored by git; safe to delete. */
export const cache = path.join(root, '.cache')

/** Something that a person can act on: one sentence with its remedy. Anything else that is thrown is a bug. */
export class Problem extends Error {}

/** What is being done, on stderr: stdout belongs to the machine output of the command line. */
export function say(what) {
  process.stderr.write(`[text2grad] ${what}\n`)
}

/** Runs a script's main function: a problem becomes one line and exit code 1. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? process.exitCode ?? 0
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown
    say(thrown.message)
    process.exitCode = 1
  }
}

/** The last line of a tool's output that says something, for a one-sentence problem. */
export function lastLine(text) {
  const lines = (text ?? '').split('\n').map((line) => line.trim())
  return lines.filter(Boolean).at(-1) ?? 'it said nothing'
}
