import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Seen from the sources or the build of a checkout, from a part of the build, and from an installed program. */
const places = ['../../resources', '../../../resources', '../../../studio']

/** The program's folder `resources`. */
export function resourcesFolder(): string {
  const folders = places.map((place) => join(__dirname, place))
  return folders.find((folder) => existsSync(join(folder, 'starter-model'))) ?? folders[0]
}
