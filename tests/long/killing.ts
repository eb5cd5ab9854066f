import { existsSync, mkdirSync, readdirSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { hostJob } from '../../src/cli/job-host'
import type { JobRequest } from '../../src/contract/job'
import type { Chance } from '../../src/pipeline/optimise/chance'

/** Lines of `metrics.jsonl`, so steps that were written down. */
export const lines = (dir: string): number => {
  const file = join(dir, 'metrics.jsonl')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
}

/** Hidden folders of checkpoints that were being written. */
export const halfWritten = (dir: string): string[] =>
  existsSync(join(dir, 'checkpoints'))
    ? readdirSync(join(dir, 'checkpoints')).filter((name) => name.includes('.new-') || name.includes('.old-'))
    : []

/** Waits for its moment in the folder and kills then; what it returns ends the waiting. */
type Arm = (kill: () => void) => () => void
export type Moment = (dir: string) => Arm

/** Hosts the job in a process of its own, which `arm` may kill. @returns what the host says in the end */
export async function hosted(request: JobRequest, arm: Arm): Promise<unknown> {
  let disarm = (): void => undefined
  const ended = await hostJob(request, {
    onStart: (child) => (disarm = arm(() => void child.kill('SIGKILL')))
  }).catch((error: unknown) => error)
  disarm()
  return ended
}

/** Moments at which a training may die, drawn with `draw`. */
export function moments(draw: Chance) {
  return {
    /** A random time after the start: while it loads, computes or writes. Milliseconds; or so many steps, if sooner. */
    afterTime:
      (longest: number, furthest = Number.POSITIVE_INFINITY): Moment =>
      (dir) => {
        const step = lines(dir) + furthest
        return (kill) => {
          const timer = setTimeout(kill, draw.uniform() * longest)
          const steps = setInterval(() => lines(dir) >= step && kill(), 2)
          return () => {
            clearTimeout(timer)
            clearInterval(steps)
          }
        }
      },

    /** A random time after a random step. */
    afterStep:
      (furthest: number): Moment =>
      (dir) => {
        const step = lines(dir) + draw.integer(furthest)
        return (kill) => {
          const timer = setInterval(() => {
            if (lines(dir) <= step) return
            clearInterval(timer)
            setTimeout(kill, draw.uniform() * 60)
          }, 2)
          return () => clearInterval(timer)
        }
      },

    /** While the nth checkpoint from here is written: as soon as its hidden folder is there, or a little later. */
    whileSaving:
      (nth: number): Moment =>
      (dir) => {
        const folder = join(dir, 'checkpoints')
        mkdirSync(folder, { recursive: true })
        return (kill) => {
          const seen = new Set<string>()
          const watcher = watch(folder, (_, name) => {
            if (name?.includes('.new-')) seen.add(name)
            if (seen.size < nth) return
            watcher.close()
            const wait = draw.integer(4)
            if (wait === 0) kill()
            else setTimeout(kill, wait)
          })
          return () => watcher.close()
        }
      }
  }
}
