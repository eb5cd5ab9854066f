/**
 * How much faster a critic that marks in one pass is than one that writes, on the same base and the same answers, both
 * as the product opens them. Neither is trained for long: what is timed does not depend on what was learnt, except the
 * length of the replies, which is therefore said.
 *
 *   npm run bench -- critic-speed [--answers 32] [--rounds 5] [--sizes starter,m6]
 *
 * They take turns; medians of milliseconds an answer, all answers at once and one answer at a time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { table } from './claims/table'
import { isSpeedSize, measureSpeed } from './critic/speed-run'

async function main(sizes: readonly string[], answers: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-critic-speed-'))
  const rows: string[][] = []
  try {
    for (const size of sizes.filter(isSpeedSize)) {
      const found = await measureSpeed(join(folder, size), size, answers, rounds)
      for (const [name, { head, writer }] of Object.entries(found.milliseconds))
        rows.push([
          `${size}, ${name}`,
          head.toFixed(1),
          writer.toFixed(1),
          (writer / head).toFixed(1),
          found.tokensRead.toFixed(0),
          found.tokensWritten.toFixed(0)
        ])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  console.log(
    table(['base', 'span head ms', 'writing ms', 'times faster', 'tokens read', 'tokens written'], rows)
  )
}

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: 'starter,m6' },
    answers: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '5' }
  }
})
main(values.sizes.split(','), Number(values.answers), Number(values.rounds)).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
