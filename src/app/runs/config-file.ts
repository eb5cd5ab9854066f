import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { placeCritic } from '../../contract/critic-specification'
import type { RunConfig } from '../../contract/run-config'
import { parseRunConfig } from '../../contract/run-record'
import { Failure } from '../../pipeline/failure'

/** `a.b=1` sets a key of the configuration; what is not JSON is text. @throws Failure bad-configuration */
export function applySettings(json: unknown, settings: readonly string[]): unknown {
  const changed = structuredClone(json)
  for (const setting of settings) {
    const equals = setting.indexOf('=')
    if (equals < 1) throw new Failure('bad-configuration', `--set wants KEY=VALUE, not "${setting}".`)
    const keys = setting.slice(0, equals).split('.')
    const last = keys.pop() ?? ''
    let place: unknown = changed
    for (const key of keys) place = child(place, key, setting)
    if (!isObject(place)) throw new Failure('bad-configuration', `--set ${setting}: there is nothing to set.`)
    place[last] = parseValue(setting.slice(equals + 1))
  }
  return changed
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

function child(place: unknown, key: string, setting: string): unknown {
  if (!isObject(place) || key === '__proto__')
    throw new Failure('bad-configuration', `--set ${setting}: "${key}" is not inside an object.`)
  place[key] ??= {}
  return place[key]
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Reads a configuration file; `settings` as in `applySettings`. @throws Failure not-found, bad-json, bad-configuration */
export function readRunConfig(file: string, settings: readonly string[] = []): RunConfig {
  if (!existsSync(file)) throw new Failure('not-found', `There is no configuration at ${file}.`)
  if (statSync(file).isDirectory())
    throw new Failure('not-a-file', `${file} is a folder, not a run configuration.`)
  const text = readFileSync(file, 'utf8')
  if (text.trim() === '') throw new Failure('empty-file', `${file} is empty.`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Failure('bad-json', `${file} is not valid JSON: ${(error as Error).message}`)
  }
  return resolvePaths(parseRunConfig(applySettings(json, settings)), dirname(resolve(file)))
}

/** A path as seen from here, or else from a folder; made absolute. */
export const pathFrom =
  (base: string) =>
  (path: string): string =>
    isAbsolute(path) ? path : existsSync(resolve(path)) ? resolve(path) : resolve(base, path)

/** Paths as seen from here, or else from the folder of the configuration; made absolute. */
export function resolvePaths(config: RunConfig, base: string): RunConfig {
  const place = pathFrom(base)
  return {
    ...config,
    model: place(config.model),
    adapter: config.adapter === null ? null : place(config.adapter),
    critic: config.critic === null ? null : placeCritic(config.critic, place),
    prompts: typeof config.prompts === 'string' ? place(config.prompts) : config.prompts
  }
}
