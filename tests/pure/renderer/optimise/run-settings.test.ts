import { describe, expect, it } from 'vitest'
import { runConfig } from '../../../../src/contract/run-config'
import { differences, flatten, put } from '../../../../src/renderer/src/views/optimise/config-keys'
import { mainSettings, moreSettings } from '../../../../src/renderer/src/views/optimise/run-settings'
import {
  fits,
  inRunJson,
  type Setting,
  type SettingValue
} from '../../../../src/renderer/src/views/optimise/setting'

const settings = [...mainSettings, ...moreSettings]
const minimal = (source: 'annotated' | 'rollouts'): Record<string, unknown> => ({
  version: 1,
  model: '/models/one',
  source,
  ...(source === 'rollouts' ? { prompts: { project: 'split:train' }, critic: 'rules:/rules.json' } : {}),
  algorithm: { name: source === 'rollouts' ? 'span-ppo' : 'span-offline' }
})
const sourceOf = ({ only }: Setting) => only ?? 'rollouts'
const accepts = (setting: Setting, value: SettingValue): boolean => {
  const config = structuredClone(minimal(sourceOf(setting)))
  put(config, setting.key, inRunJson(setting, value))
  return runConfig.safeParse(config).success
}

describe('settings of a new run', () => {
  it('show the defaults of the schema', () => {
    const flat = flatten(runConfig.parse(minimal('rollouts')))
    for (const { key, initial } of settings) expect([key, flat.get(key)]).toEqual([key, initial])
  })

  it('offer every value of a choice that the schema knows', () => {
    for (const setting of settings)
      if (setting.kind.of === 'choice')
        for (const value of setting.kind.values) expect(accepts(setting, value)).toBe(true)
  })

  it('have the bounds of the schema', () => {
    for (const setting of settings) {
      const { kind } = setting
      if (kind.of !== 'number') continue
      const tries = [
        kind.min - 1,
        kind.min,
        kind.min + 0.5,
        kind.min + 1,
        kind.max,
        kind.max && kind.max + 1,
        NaN,
        null
      ]
      for (const value of tries)
        if (value !== undefined)
          expect([setting.key, value, accepts(setting, value)]).toEqual([
            setting.key,
            value,
            fits(setting, value)
          ])
    }
  })

  it('are each explained in a sentence with a bound', () => {
    for (const { title, sentence, bound } of settings) {
      expect(title).not.toBe('')
      expect(sentence).toMatch(/^\p{Lu}.*\.$/u)
      expect(bound).not.toMatch(/\.$/)
    }
  })
})

describe('differences', () => {
  it('are only those, by dotted key', () => {
    const first = { seed: 1, algorithm: { name: 'span-ppo', lambda: 0.95 }, lora: { modules: ['q_proj'] } }
    const second = { seed: 2, algorithm: { name: 'span-ppo', lambda: 1 }, lora: null }
    expect(differences([first, second])).toEqual([
      { key: 'seed', values: [1, 2] },
      { key: 'algorithm.lambda', values: [0.95, 1] },
      { key: 'lora.modules', values: [['q_proj'], null] }
    ])
  })
  it('are none between equals', () => {
    expect(differences([minimal('rollouts'), minimal('rollouts')])).toEqual([])
  })
})
