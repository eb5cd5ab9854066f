import { build } from './build/build.mjs'
import { main, say } from './setup/say.mjs'
import { setUp } from './setup/index.mjs'

/** `node scripts/build.mjs`: builds what is stale into out/. */
await main(async () => {
  await setUp()
  const built = await build()
  say(built.length > 0 ? `built ${built.join(', ')}` : 'the build is up to date')
})
