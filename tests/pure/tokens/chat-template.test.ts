import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTokenizer } from '../../../src/tokens/tokenizer'

const tokenizerFile: unknown = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../resources/starter-model/tokenizer.json'), 'utf8')
)
const messages = [{ role: 'user' as const, content: 'a bridge' }]
const rendered = (settings: object, file: string | null = null): string => {
  const tokenizer = openTokenizer(tokenizerFile, settings, file)
  return tokenizer.decode(tokenizer.prompt(messages, 'tokenizer'))
}
const template = (mark: string): string => `{% for m in messages %}${mark} {{ m.content }}{% endfor %}`

describe('the chat template of a model', () => {
  it('stands in the settings as a text', () => {
    expect(rendered({ chat_template: template('one') })).toBe('one a bridge')
  })

  it('is the one called default of a list of named ones', () => {
    const named = [
      { name: 'tool_use', template: template('two') },
      { name: 'default', template: template('three') }
    ]
    expect(rendered({ chat_template: named })).toBe('three a bridge')
    expect(rendered({ chat_template: named.slice(0, 1) })).toBe('two a bridge')
  })

  it('is that of chat_template.jinja where there is such a file', () => {
    expect(rendered({ chat_template: template('one') }, template('four'))).toBe('four a bridge')
    expect(openTokenizer(tokenizerFile, {}, template('four')).hasChatTemplate).toBe(true)
  })

  it('may be missing, which is said', () => {
    for (const settings of [{}, { chat_template: null }, { chat_template: [] }, { chat_template: 3 }])
      expect(() => rendered(settings)).toThrow(/no chat template; choose the template "plain" or "none"/)
  })
})
