import { describe, expect, it } from 'vitest'
import { plainPrompt, renderChatTemplate } from '../../../src/tokens/prompt'

const messages = [
  { role: 'user' as const, content: 'Hi {{ bos_token }}' },
  { role: 'assistant' as const, content: 'Hello' },
  { role: 'user' as const, content: 'Bye' }
]
const values = { bos_token: '<s>', eos_token: '</s>' }

describe('plainPrompt', () => {
  it('writes a line a message and begins the answer', () => {
    expect(plainPrompt(messages)).toBe('user: Hi {{ bos_token }}\nassistant: Hello\nuser: Bye\nassistant:')
  })
})

describe('renderChatTemplate', () => {
  it('renders a published kind of template, and leaves the messages’ own braces alone', () => {
    const template = [
      '{{ bos_token }}{% for message in messages %}',
      "<|{{ message['role'] }}|>{{ message['content'] | trim }}{{ eos_token }}",
      '{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}'
    ].join('')
    expect(renderChatTemplate(template, messages, values)).toBe(
      '<s><|user|>Hi {{ bos_token }}</s><|assistant|>Hello</s><|user|>Bye</s><|assistant|>'
    )
  })

  const refused: [string, string, RegExp][] = [
    ['that is broken', '{% for %}', /cannot be used/],
    [
      'that refuses the prompt',
      "{{ raise_exception('system role not supported') }}",
      /system role not supported/
    ],
    ['that counts for ever', '{% for i in range(1000000000) %}{% endfor %}', /counts too far/],
    [
      'that counts for ever in a nest',
      '{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}',
      /counts too far/
    ],
    ['that counts in steps of nothing', '{% for i in range(0, 5, 0) %}{% endfor %}', /counts too far/]
  ]
  it.each(refused)('refuses a template %s', (_, template, reason) => {
    expect(() => renderChatTemplate(template, messages, values)).toThrow(reason)
  })
})

describe('a template of somebody else', () => {
  const many = (body: string): string => `{% for i in range(9000) %}${body}{% endfor %}`
  const hostile: [string, string, RegExp][] = [
    [
      'doubles a text',
      `{% set ns = namespace(x='ab') %}${many('{% set ns.x = ns.x + ns.x %}')}`,
      /too long a text/
    ],
    [
      'doubles a list',
      `{% set ns = namespace(x=[1, 2]) %}${many('{% set ns.x = ns.x + ns.x %}')}`,
      /too long a list/
    ],
    [
      'nests loops over one list',
      `{% set a = range(2000) %}{% for i in a %}{% for j in a %}{{ i }}{% endfor %}{% endfor %}`,
      /runs too long/
    ],
    ['calls itself', '{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}', /cannot be used/],
    ['is enormous', ' '.repeat(300_000), /too long/],
    ['is nested without end', `{{ ${'('.repeat(100_000)}`, /cannot be used/],
    ['holds itself', '{% set ns = namespace(x=1) %}{% set ns.x = ns %}{{ ns.x | tojson }}', /cannot be used/]
  ]
  it.each(hostile)('that %s is refused in one sentence', (_, template, reason) => {
    let failure: unknown
    try {
      renderChatTemplate(template, messages, values)
    } catch (error) {
      failure = error
    }
    expect(failure).toMatchObject({
      code: 'bad-configuration',
      message: expect.stringMatching(reason) as string
    })
    expect((failure as Error).message).not.toContain('\n')
  })

  it('may mark what the assistant says, and use other special tokens', () => {
    const template =
      '{% for m in messages %}{%- generation -%}{{ m.content }}{%- endgeneration -%}{{ pad_token }}{% endfor %}'
    expect(renderChatTemplate(template, messages.slice(1, 2), { pad_token: '<pad>' })).toBe('Hello<pad>')
  })
})
