import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Annotator } from '../../../../src/app/annotate/annotator'
import { checkProject } from '../../../../src/app/check'
import { exportFile } from '../../../../src/app/export-file'
import { importIntoFile } from '../../../../src/app/import-file'
import { openToRead } from '../../../../src/app/open-to-read'
import { openProject } from '../../../../src/store/project'

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

async function fill(): Promise<void> {
  for (let n = 0; ; n++) writeFileSync(join(mount, `filler-${n}`), Buffer.alloc(4096))
}

/** Someone is annotating when the disk fills up, makes room, and goes on. */
async function typeOnFullDisk(): Promise<unknown> {
  const open = openProject(project)
  const annotator = new Annotator(open, 'Anna')
  const [{ responseId }] = annotator.queue({ status: 'all', search: '', offset: 0, limit: 1 }).rows
  const type = (critique: string) =>
    step(async () => annotator.apply(responseId, { type: 'set-critique', critique }))
  const before = await type('before')
  await step(fill)
  const refused = await type('x'.repeat(200_000))
  for (const name of readdirSync(mount)) if (name.startsWith('filler')) rmSync(join(mount, name))
  const kept = annotator.open(responseId).annotations[0].critique
  const after = await type('after')
  open.close()
  return { before, refused, kept, after }
}

async function main(): Promise<unknown> {
  execFileSync('mount', ['-t', 'tmpfs', ...(what === 'full' ? ['-o', 'size=1m'] : []), 'tmpfs', mount])
  await importIntoFile(small, project)
  if (what === 'read-only') execFileSync('mount', ['-o', 'remount,ro', mount])
  const into = await step(() => importIntoFile(large, project))
  const fresh = await step(() => importIntoFile(large, join(mount, 'new.t2g')))
  const files = readdirSync(mount)
  const typing = what === 'full' ? await typeOnFullDisk() : null
  if (what === 'full') await step(fill)
  const out = await step(() => exportFile(project, join(mount, 'out.jsonl')))
  const left = readdirSync(mount).filter((name) => !name.startsWith('filler'))
  return { into, fresh, files, typing, out, left, responses: await soundResponses() }
}

void main().then((result) => process.stdout.write(JSON.stringify(result)))
