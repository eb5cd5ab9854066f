import { expect, it } from 'vitest'
import { routes } from '../../../../src/contract/ipc'
import { hostNameOf, isThisMachine } from '../../../../src/renderer/src/shell/host-name'

it.each([
  ['judge.example', 'judge.example'],
  [' Judge.Example. ', 'judge.example'],
  ['https://judge.example:8443/v1#model', 'judge.example'],
  ['judge.example:8080', 'judge.example'],
  ['10.0.0.7', '10.0.0.7'],
  ['http://[2001:db8::7]:80/v1', '2001:db8::7'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['', null],
  ['two words', null],
  ['ftp://judge.example', null],
  ['http://', null]
])('%j is the host %j', (typed, host) => {
  expect(hostNameOf(typed)).toBe(host)
  if (host !== null)
    expect(routes['settings.set'].input.parse({ allowedHosts: [host] })).toEqual({ allowedHosts: [host] })
})

it('knows this machine', () => {
  for (const here of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) expect(isThisMachine(here)).toBe(true)
  for (const there of ['127.example', 'localhost.example', '10.0.0.1'])
    expect(isThisMachine(there)).toBe(false)
})

it('what is no host is refused at the door', () => {
  for (const host of [
    'https://judge.example',
    'judge.example/v1',
    'a b',
    'judge.example:80',
    'me@judge.example'
  ])
    expect(routes['settings.set'].input.safeParse({ allowedHosts: [host] }).success).toBe(false)
})
