import { openModelFolder } from '../../src/engine/checkpoint/model-folder'
import { createGenerator } from '../../src/engine/generate/generator'
import { openRuntime } from '../../src/engine/runtime/session'

/** One greedy story of 256 tokens by a very small model: what is measured is the time between the products. */
export async function story(dir: string, threads: number, rounds: number): Promise<void> {
  const model = await openModelFolder(dir)
  const maxNewTokens = 256
  console.log('\nstories260K, batch 1, greedy, 256 tokens')
  for (const count of threads > 1 ? [1, threads] : [1]) {
    const runtime = openRuntime({ device: 'cpu', threads: count })
    const shape = { batch: 1, promptLength: 1, maxNewTokens, greedy: true }
    const generator = await createGenerator({ model, trainable: { kind: 'none' }, runtime, ...shape })
    const times: number[] = []
    for (let round = 0; round < 3 + 3 * rounds; round++) {
      const start = performance.now()
      await generator.generate({ prompts: [[model.config.beginToken ?? 1]] })
      if (round >= 3) times.push(performance.now() - start)
    }
    await generator.release()
    const [best, median] = [Math.min(...times), times.sort((a, b) => a - b)[times.length >> 1]]
    const rate = (ms: number): string => ((maxNewTokens / ms) * 1000).toFixed(0)
    console.log(
      `  ${count} thread${count > 1 ? 's' : ''}: median ${rate(median)} tokens/s, best ${rate(best)}`
    )
  }
}
