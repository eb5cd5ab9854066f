import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { openModelFolder } from '../src/engine/checkpoint/model-folder'
import { createGenerator } from '../src/engine/generate/generator'
import { openRuntime } from '../src/engine/runtime/session'
import { uniforms } from '../src/pipeline/optimise/chance'

/**
 * Tokens a second of whole rollouts: `npx tsx bench/generate.ts [MODEL_DIR] [THREADS]`. The first rollouts are warm-up;
 * the median and the best of the rest are printed, and the least processor time, which a busy machine disturbs less.
 * Without arguments: stories260K beside the checkout, 2 threads.
 */
async function main(): Promise<void> {
  const [dir = resolve(import.meta.dirname, '../../shared/models/stories260K'), threads = '2'] =
    process.argv.slice(2)
  const runtime = openRuntime({ device: 'cpu', threads: Number(threads) })
  const model = await openModelFolder(dir)
  const first = model.config.beginToken ?? 1
  console.log(`${dir}: ${model.parameters} parameters; ${threads} threads of ${cpus()[0].model}`)

  const cases = [
    { batch: 1, maxNewTokens: 60, greedy: true },
    { batch: 32, maxNewTokens: 96, greedy: false }
  ]
  for (const shape of cases) {
    const { batch, maxNewTokens, greedy } = shape
    const generator = await createGenerator({
      model,
      trainable: { kind: 'none' },
      promptLength: 1,
      runtime,
      ...shape
    })
    const prompts = Array.from({ length: batch }, () => [first])
    const times: number[] = []
    let processor = Infinity
    let tokens = 0
    for (let round = 0; round < 15; round++) {
      const numbers = uniforms(1, 'sampling', 0, batch, maxNewTokens)
      const [start, used] = [performance.now(), process.cpuUsage()]
      const { sequences } = await generator.generate({ prompts, uniforms: numbers })
      times.push(performance.now() - start)
      const { user, system } = process.cpuUsage(used)
      processor = Math.min(processor, (user + system) / 1000)
      tokens = sequences.reduce((sum, { ids }) => sum + ids.length, 0)
    }
    await generator.release()
    const measured = times.slice(3).sort((a, b) => a - b)
    const [best, median] = [measured[0], measured[measured.length >> 1]]
    const rate = (milliseconds: number) =>
      `${milliseconds.toFixed(1)} ms, ${Math.round((tokens / milliseconds) * 1000)} tokens/s`
    console.log(
      `${batch} × ${maxNewTokens} ${greedy ? 'greedy' : 'sampled'}: median ${rate(median)}; best ${rate(best)}; ` +
        `processor ${processor.toFixed(0)} ms`
    )
  }
}

void main()
