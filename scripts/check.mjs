import { availableParallelism } from 'node:os'
import { check } from './check/stages.mjs'
import { main } from './setup/say.mjs'
import { setUp } from './setup/index.mjs'

/** `npm run check`: format, lint, types, layers, dead code. All of them run; the slowest ones start first. */
await main(async () => {
  await setUp()
  return (await check(availableParallelism())) ? 0 : 1
})
