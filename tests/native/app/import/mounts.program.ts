import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkProject } from '../../../../src/app/check'
import { exportFile } from '../../../../src/app/export-file'
import { importIntoFile } from '../../../../src/app/import-file'
import { openToRead } from '../../../../src/app/open-to-read'

/** Runs in mounts of its own: `read-only` or `full`, the folder to mount on, a small and a large file to import. */
const [what, mount, small, large] = process.argv.slice(2)
const project = join(mount, 'p.t2g')

/** What a step came to: its code and sentence, or nothing. */
async function step(work: () => Promise<unknown>): Promise<{ code: string; message: string } | null> {
  try {
    await work()
    return null
  } catch (thrown) {
    const { code, message } = thrown as { code: string; message: string }
    return { code, message }
  }
}

async function soundResponses(): Promise<number> {
  const open = openToRead(project)
  try {
    const { ok, responses } = await checkProject(open)
    return ok ? responses : -1
  } finally {
    open.close()
  }
}

async function main(): Promise<unknown> {
  execFileSync('mount', ['-t', 'tmpfs', ...(what === 'full' ? ['-o', 'size=1m'] : []), 'tmpfs', mount])
  await importIntoFile(small, project)
  if (what === 'read-only') execFileSync('mount', ['-o', 'remount,ro', mount])
  const into = await step(() => importIntoFile(large, project))
  const fresh = await step(() => importIntoFile(large, join(mount, 'new.t2g')))
  const files = readdirSync(mount)
  if (what === 'full')
    await step(async () => {
      for (let n = 0; ; n++) writeFileSync(join(mount, `filler-${n}`), Buffer.alloc(4096))
    })
  const out = await step(() => exportFile(project, join(mount, 'out.jsonl')))
  const left = readdirSync(mount).filter((name) => !name.startsWith('filler'))
  return { into, fresh, files, out, left, responses: await soundResponses() }
}

void main().then((result) => process.stdout.write(JSON.stringify(result)))
