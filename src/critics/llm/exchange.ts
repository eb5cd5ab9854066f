import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Endpoint } from './host'

/** Bytes of a reply that are read at most: 1 MiB. */
export const REPLY_LIMIT = 1024 * 1024

/** What came back, whole. */
export interface Received {
  readonly status: number
  /** `application/json`, without parameters. */
  readonly type: string
  readonly retryAfter: string | null
  readonly text: string
}

/** Nothing usable came back. The sentence names no text. */
export class ExchangeFailure extends Error {
  constructor(
    /** `unreachable`: nothing was sent. `broken`: the connection ended early. */
    readonly kind: 'unreachable' | 'broken' | 'timeout' | 'unusable',
    message: string
  ) {
    super(message)
  }
}

export interface Exchange {
  readonly endpoint: Endpoint
  readonly body: string
  readonly key: string | null
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

// Agents of our own: the global ones may be told by the environment to use a proxy. No socket outlives its request.
const httpAgent = new HttpAgent({ keepAlive: false })
const httpsAgent = new HttpsAgent({ keepAlive: false })

/** Connecting failed with these. */
const unsent: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'])

/**
 * One POST and its reply. Connects to the endpoint's checked addresses and nowhere else; a redirect is handed back as
 * a status like any other. Another address is tried only where nothing could be sent to the one before.
 * @throws ExchangeFailure; the signal's reason if it was aborted
 */
export async function exchange(given: Exchange): Promise<Received> {
  const { endpoint, signal, timeoutSeconds } = given
  signal.throwIfAborted()
  const controller = new AbortController()
  const cancel = (): void => controller.abort()
  let late = false
  const timer = setTimeout(() => {
    late = true
    controller.abort()
  }, timeoutSeconds * 1000)
  signal.addEventListener('abort', cancel)
  try {
    let refused: Error | null = null
    for (const address of endpoint.addresses) {
      try {
        return await attempt(address, given, controller.signal)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error
        refused = error as Error
      }
    }
    throw refused ?? new Error('no address')
  } catch (error) {
    signal.throwIfAborted()
    if (late) throw new ExchangeFailure('timeout', `the server took more than ${timeoutSeconds} seconds`)
    if (error instanceof ExchangeFailure) throw error
    const { code = 'no connection' } = error as NodeJS.ErrnoException
    const kind = unsent.has(code) ? 'unreachable' : 'broken'
    throw new ExchangeFailure(kind, `${endpoint.host} does not answer (${code})`)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
  }
}

function attempt(address: string, { endpoint, body, key }: Exchange, signal: AbortSignal): Promise<Received> {
  const bytes = Buffer.from(body, 'utf8')
  return new Promise((resolve, reject) => {
    const request = endpoint.secure ? httpsRequest : httpRequest
    const sent = request(
      {
        host: address,
        servername: endpoint.hostname,
        port: endpoint.port,
        path: endpoint.path,
        method: 'POST',
        agent: endpoint.secure ? httpsAgent : httpAgent,
        signal,
        headers: {
          host: endpoint.host,
          accept: 'application/json',
          'accept-encoding': 'identity',
          'content-type': 'application/json',
          'content-length': bytes.length,
          ...(key === null ? {} : { authorization: `Bearer ${key}` })
        }
      },
      (response) => {
        receive(response).then(resolve, (error: Error) => {
          sent.destroy()
          reject(error)
        })
      }
    )
    sent.on('error', reject)
    sent.end(bytes)
  })
}

async function receive(response: IncomingMessage): Promise<Received> {
  const { headers, statusCode: status = 0 } = response
  const tooLarge = (): ExchangeFailure =>
    new ExchangeFailure('unusable', `the reply is larger than ${REPLY_LIMIT} bytes`)
  if (Number(headers['content-length'] ?? 0) > REPLY_LIMIT) throw tooLarge()
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new ExchangeFailure('unusable', 'the reply is compressed, which was not asked for')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > REPLY_LIMIT) throw tooLarge()
    chunks.push(chunk)
  }
  return {
    status,
    type: (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase(),
    retryAfter: headers['retry-after'] ?? null,
    text: decode(Buffer.concat(chunks))
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ExchangeFailure('unusable', 'the reply is not valid UTF-8')
  }
}
