import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { criticFiles, type CriticRecord } from '../../contract/critic-record'
import { replyFormatVersion } from '../../critics/reply/format'
import { adapterFile } from '../../engine/checkpoint/peft'
import { Failure } from '../../pipeline/failure'

/** Files whose bytes are the critic's weights. */
const weightFiles = [
  `${criticFiles.adapter}/${adapterFile}`,
  `${criticFiles.model}/model.safetensors`,
  criticFiles.head
] as const

/**
 * The version of a critic: 16 hexadecimal digits of a hash over its weights and everything that its answers depend on.
 * Paths, threads and devices are not among that: a critic that was moved is the same one.
 */
export function versionOf(dir: string, record: Omit<CriticRecord, 'id'>): string {
  const {
    configuration,
    base,
    kind,
    tokenizerSha256,
    template,
    labels,
    thresholds,
    calibration,
    poorTokens
  } = record
  const { base: _base, threads: _threads, spinning: _spinning, ...rest } = configuration
  const { device: _device, fallback: _fallback, ...settings } = rest
  const depends = {
    ...{ kind, base: base.sha256, tokenizerSha256, template, labels, thresholds, calibration },
    // Left out where there are none, as critics that were made before have it.
    ...(poorTokens && { poorTokens }),
    ...(kind === 'generative' && { format: replyFormatVersion }),
    settings
  }
  const hash = createHash('sha256').update(JSON.stringify(depends))
  for (const name of weightFiles)
    if (existsSync(join(dir, name))) hash.update(name).update(readFileSync(join(dir, name)))
  return hash.digest('hex').slice(0, 16)
}

/** @throws Failure checkpoint-corrupt when weights or settings are not those that the record was written for */
export function requireVersion(dir: string, { id, ...record }: CriticRecord): void {
  if (versionOf(dir, record) === id) return
  throw new Failure(
    'checkpoint-corrupt',
    `The critic in ${dir} is not the one that its ${criticFiles.record} describes (version ${id}); train it again.`
  )
}
