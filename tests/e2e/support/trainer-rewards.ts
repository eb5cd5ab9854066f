import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './launch'

/** The trainer's own reward vectors, from a process of their own: base64 of float32, by answer. */
export function trainerRewards(project: string, modelDir: string): Record<string, string> {
  const program = join(root, 'tests/e2e/support/trainer-rewards.program.ts')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', program, project, modelDir],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }
  )
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, string>
}

/** The vector on screen, as bytes. The strip carries it as JSON, in which every float32 survives. */
export function bytesOf(json: string): string {
  const vector = Float32Array.from(JSON.parse(json) as number[])
  return Buffer.from(vector.buffer).toString('base64')
}
