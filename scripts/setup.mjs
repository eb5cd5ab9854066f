import { main, say } from './setup/say.mjs'
import { setUp } from './setup/index.mjs'

/** `node scripts/setup.mjs`: what a fresh clone needs. The second time it finds everything and says so. */
await main(async () => {
  await setUp()
  say('ready')
})
