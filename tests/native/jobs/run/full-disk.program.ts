import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { latestCheckpoint } from '../../../../src/engine/checkpoint/training-checkpoint'
import { train } from '../../../../src/jobs/run/train'
import { adapterBytes, quietHost, timelessMetrics, tinyRun } from './tiny-run'

/**
 * Trains in a folder of a file system of its own, which becomes full or read-only in mid-run; then makes room, and
 * resumes. Prints how it failed, what was left, and whether the end is that of a run in peace (in the other folder).
 */
const [mounted, peaceful, trouble] = process.argv.slice(2)
const settings = { steps: 9, checkpointEvery: 2, keep: 2 }
/** Bytes that are left: enough for the first checkpoint and not for all. */
const room = 200_000

async function main(): Promise<void> {
  const unbroken = tinyRun(peaceful, 'run', settings)
  await train(unbroken, quietHost())

  const dir = tinyRun(mounted, 'run', settings)
  const filler = join(mounted, 'filler')
  const remount = (how: string): void => {
    const { status, stderr } = spawnSync('mount', ['-o', `remount,${how}`, mounted], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  if (trouble === 'full') {
    const { bavail, bsize } = statfsSync(mounted)
    writeFileSync(filler, new Uint8Array(bavail * bsize - room))
  }
  const host = quietHost((event) => {
    if (trouble === 'read-only' && event.kind === 'progress' && event.progress.done === 5) remount('ro')
  })
  const failure = await train(dir, host).catch((error: unknown) => error as { code: string; message: string })
  const left = readdirSync(join(dir, 'checkpoints'))
  const sound = latestCheckpoint(join(dir, 'checkpoints'))
  const { step, skipped } = { step: sound?.counters.step, skipped: sound?.skipped.length }

  if (trouble === 'full') rmSync(filler)
  else remount('rw')
  const resumed = await train(dir, quietHost())
  const same =
    adapterBytes(dir).equals(adapterBytes(unbroken)) &&
    JSON.stringify(timelessMetrics(dir)) === JSON.stringify(timelessMetrics(unbroken))
  const { code, message } = failure as { code: string; message: string }
  process.stdout.write(JSON.stringify({ code, message, left, step, skipped, end: resumed.state, same }))
}

void main()
