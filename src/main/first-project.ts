import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the last project's path is kept between starts. */
const memory = (userData: string): string => join(userData, 'last-project.txt')

export async function rememberProject(userData: string, path: string): Promise<void> {
  await writeFile(memory(userData), path).catch(() => undefined)
}

/** The project to open at start: the last one, or on the first start a copy of the sample. null if there is neither. */
export async function projectAtStart(userData: string, resources: string): Promise<string | null> {
  const last = await readFile(memory(userData), 'utf8').catch(() => null)
  return last ?? (await copySample(userData, resources))
}

/** The sample is copied once; what a person changed in the copy stays. */
export async function copySample(userData: string, resources: string): Promise<string | null> {
  const folder = join(resources, 'sample-project')
  const names = await readdir(folder).catch(() => [])
  const name = names.find((entry) => entry.endsWith('.t2g'))
  if (!name) return null
  const target = join(userData, 'projects', name)
  await mkdir(join(userData, 'projects'), { recursive: true })
  const incoming = `${target}.incoming`
  if (!(await readFile(target).then(Boolean, () => false))) {
    await copyFile(join(folder, name), incoming, constants.COPYFILE_FICLONE)
    await rename(incoming, target)
  }
  return target
}
