import { describe, expect, it } from 'vitest'
import { plainPrompt, renderChatTemplate } from '../../../src/tokens/prompt'

const messages = [
  { role: 'user' as const, content: 'Hi {{ bos_token }}' },
  { role: 'assistant' as const, content: 'Hello' },
  { role: 'user' as const, content: 'Bye' }
]
const values = { bosToken: '<s>', eosToken: '</s>' }

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
