import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Failure } from '../pipeline/failure'

/**
 * The path of a folder that is empty or not there yet.
 * @param remedy what the sentence of the failure ends with
 * @throws Failure bad-input when the folder is used already
 */
export function unusedFolder(dir: string, remedy: string): string {
  const folder = resolve(dir)
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Failure('bad-input', `${folder} is not empty: ${remedy}.`)
  return folder
}

/**
 * Writes a folder of text files (path within the folder -> text) under its name whole, or not at all.
 * @returns the folder's path
 * @throws Failure bad-input when the folder is used already
 */
export function writeNewFolder(dir: string, files: Readonly<Record<string, string>>, remedy: string): string {
  const folder = unusedFolder(dir, remedy)
  const draft = join(dirname(folder), `.${basename(folder)}.new`)
  rmSync(draft, { recursive: true, force: true })
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(draft, file)), { recursive: true })
      writeFileSync(join(draft, file), text)
    }
    rmSync(folder, { recursive: true, force: true })
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
  return folder
}
