import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { criticFiles, criticRecord } from '../../contract/critic-record'
import { Failure } from '../../pipeline/failure'
import { sha256 } from '../sha256'

/** A critic's specification with its path made absolute, so that it means the same from any folder. */
export function absoluteCritic(specification: string, base = '.'): string {
  const [, kind, what] = /^(rules|trained):(.*)$/s.exec(specification) ?? []
  if (kind !== undefined) return `${kind}:${resolve(base, what)}`
  const file = /^llm:(.*)$/s.exec(specification)?.[1]
  if (file === undefined || /^https?:/i.test(file)) return specification
  return `llm:${resolve(base, file)}`
}

/**
 * What tells a critic from any other without opening it: a trained one its version (a hash over its weights), rules and
 * LLM settings the hash of their file, others their specification.
 * @throws Failure not-found, bad-configuration
 */
export function criticFingerprint(specification: string): string {
  const [, kind, what] = /^(rules|trained|llm):(.*)$/s.exec(specification) ?? []
  if (kind === 'trained') return `trained:${readCritic(what).id}`
  if (kind === undefined || !existsSync(what) || statSync(what).isDirectory()) return specification
  return `${kind}:${sha256(readFileSync(what)).slice(0, 16)}`
}

/** @throws Failure not-found, bad-configuration */
export function readCritic(dir: string): ReturnType<typeof criticRecord.parse> {
  const file = join(dir, criticFiles.record)
  if (!existsSync(file)) throw new Failure('not-found', `${dir} is no trained critic: it has no critic.json.`)
  try {
    return criticRecord.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new Failure('bad-configuration', `${file} is damaged: ${(error as Error).message}`)
  }
}
