import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrived. */
export interface Asked {
  readonly headers: IncomingMessage['headers']
  readonly path: string
  /** The body as it came. */
  readonly text: string
  readonly body: {
    readonly model: string
    readonly messages: readonly { readonly role: string; readonly content: string }[]
    readonly response_format?: { readonly type: string }
    readonly max_tokens: number
  }
}

/** What the server does with its request number `index` (from 0). */
export type Behaviour = (response: ServerResponse, asked: Asked, index: number) => void

/** A server on this machine that speaks OpenAI's chat protocol as well or as badly as it is told. */
export class ChatServer {
  readonly asked: Asked[] = []
  /** Most requests that were open at the same time. */
  most = 0
  port = 0
  /** Requests that are open. */
  openNow = 0
  private readonly server: Server

  constructor(public behaviour: Behaviour) {
    this.server = createServer((request, response) => {
      this.openNow++
      this.most = Math.max(this.most, this.openNow)
      response.on('close', () => this.openNow--)
      response.on('error', () => undefined)
      let text = ''
      request.setEncoding('utf8')
      request.on('data', (chunk: string) => (text += chunk))
      request.on('end', () => {
        const body = JSON.parse(text) as Asked['body']
        const asked = { headers: request.headers, path: request.url ?? '', text, body }
        this.behaviour(response, asked, this.asked.push(asked) - 1)
      })
    })
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.port = (this.server.address() as AddressInfo).port
    return this
  }

  /** Where the API begins. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`
  }

  stop(): void {
    this.server.closeAllConnections()
    this.server.close()
  }
}

export const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(value))
}

/** A completion with this content, as the protocol has it. */
export const completion = (content: string, usage?: readonly [number, number]): object => ({
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  ...(usage && { usage: { prompt_tokens: usage[0], completion_tokens: usage[1] } })
})

export const replies =
  (content: string, usage?: readonly [number, number]): Behaviour =>
  (response) =>
    json(response, completion(content, usage))

/** The answer that a request asks to judge, read from its first message. */
export function responseIn({ body }: Asked): string {
  const line = body.messages[0].content.split('\n').find((text) => text.startsWith('response: '))
  if (line === undefined) throw new Error('the request shows no response')
  return JSON.parse(line.slice('response: '.length)) as string
}

/** The critique of an honest server: the first vowel is poor, if there is one. */
export function honest(text: string): string {
  const vowel = [...text].find((letter) => 'aeiou'.includes(letter))
  return JSON.stringify({
    critique: vowel === undefined ? 'Nothing to mark.' : 'It has a vowel.',
    spans: vowel === undefined ? [] : [{ quote: vowel, occurrence: 1, polarity: 'poor', reason: 'a vowel' }]
  })
}

export const honestly: Behaviour = (response, asked) =>
  json(response, completion(honest(responseIn(asked)), [50, 20]))
