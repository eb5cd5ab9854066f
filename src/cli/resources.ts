import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The folder `resources`: beside the sources or the build of a checkout, or inside an installed program. */
export function resourcesFolder(): string {
  const places = [join(__dirname, '../../resources'), join(__dirname, '../../../studio')]
  return places.find((place) => existsSync(join(place, 'starter-model'))) ?? places[0]
}
