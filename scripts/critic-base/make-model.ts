/**
 * Makes the base of the critic that writes, as `npm run bench -- critic-task --kind generative` does for itself: some
 * minutes of one core. The same seed gives the same bytes on the same machine.
 *
 *   npx tsx scripts/critic-base/make-model.ts FOLDER [--seed 1] [--threads 1]
 */
import { parseArgs } from 'node:util'
import { makeCriticBase } from './make'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, threads: { type: 'string', default: '1' } }
})
const [out] = positionals
if (out === undefined) throw new Error('Which folder is the model to be written to?')
const started = performance.now()
makeCriticBase(out, { seed: Number(values.seed), threads: Number(values.threads), say: console.error })
  .then(() => console.log(`It took ${((performance.now() - started) / 60000).toFixed(1)} minutes.`))
  .catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
