import { basename } from 'node:path'
import { Failure } from '../pipeline/failure'
import { applicationId, type Db } from './database'
import { migrations } from './migrations'

export const latestVersion = migrations.length

export const versionOf = (db: Db): number => Number(db.pragma('user_version', { simple: true }))

/** @throws Failure project-newer */
export function assertKnownVersion(db: Db, file: string): void {
  const version = versionOf(db)
  if (version > latestVersion)
    throw new Failure(
      'project-newer',
      `${basename(file)} was written by a newer version of the program (project version ${version}, this one knows ${latestVersion}); install the newer version.`
    )
}

/** Brings a database to `target`, each step in its own transaction; a step that fails leaves the version before. */
export function migrate(db: Db, target = latestVersion): void {
  for (let version = versionOf(db); version < target; version++) {
    db.transaction(() => {
      db.exec(migrations[version])
      if (version === 0) db.pragma(`application_id = ${applicationId}`)
      db.pragma(`user_version = ${version + 1}`)
    }).immediate()
  }
}
