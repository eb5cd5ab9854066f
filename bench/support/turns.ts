import { createInterface } from 'node:readline'

/**
 * The child's side of a `Variant`: a line of JSON when it is ready, then one for each line `go` that comes in, with the
 * milliseconds of `turn` and what it returns. Ends the process with its input.
 */
export async function takeTurns(turn: () => Promise<Readonly<Record<string, number>>>): Promise<never> {
  console.log(JSON.stringify({ ready: true }))
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== 'go') break
    const start = performance.now()
    const said = await turn()
    console.log(JSON.stringify({ ms: performance.now() - start, ...said }))
  }
  process.exit(0)
}
