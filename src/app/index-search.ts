import { indexBatch } from '../store/search'
import type { Project } from '../store/project'

const batch = 2000

/** Brings the search index up to date, batch by batch, so that others have their turn. Until then search is slower. */
export async function indexSearch(project: Project, isOpen: () => boolean = () => true): Promise<void> {
  while (isOpen() && project.write((db) => indexBatch(db, batch))) await new Promise(setImmediate)
}
