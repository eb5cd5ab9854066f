import { initial } from './0001-initial'
import { runs } from './0002-runs'
import { search } from './0003-search'
import { critics } from './0004-critics'
import { undoneCopies } from './0005-undone-copies'

/** Migration n takes a project from version n − 1 to n. A file that has landed is never edited, only followed. */
export const migrations: readonly string[] = [initial, runs, search, critics, undoneCopies]
