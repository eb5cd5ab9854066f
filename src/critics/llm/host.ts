import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { Failure } from '../../pipeline/failure'

/** Where requests go: addresses that were checked, so that nothing is looked up again when connecting. */
export interface Endpoint {
  readonly secure: boolean
  /** As the URL names it: for the Host header, and for the certificate. */
  readonly host: string
  readonly hostname: string
  readonly port: number
  /** `/v1/chat/completions` */
  readonly path: string
  readonly loopback: boolean
  /** IP addresses, to be tried in order. */
  readonly addresses: readonly string[]
}

/** Looks up a name. @returns its addresses */
export type Resolve = (name: string) => Promise<readonly string[]>

const resolveName: Resolve = async (name) => (await lookup(name, { all: true })).map(({ address }) => address)

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether it is this machine: a literal loopback address. A name that resolves to one is not. */
export function isLoopback(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** `[::1]` → `::1`, `Host.Example.` → `host.example` */
const bare = (name: string): string =>
  name
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase()

/**
 * Checks where a critic would send texts. This machine needs no permission; every other host has to be among the
 * allowed ones by the very name that the URL has. The name `localhost` is this machine's two addresses, whatever a
 * name server says.
 * @throws Failure host-not-allowed, bad-configuration
 */
export async function checkEndpoint(
  url: string,
  allowedHosts: readonly string[],
  resolve: Resolve = resolveName
): Promise<Endpoint> {
  const place = placeOf(url)
  const { hostname, loopback: here } = place
  if (here) return { ...place, addresses: hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname] }
  if (!isAllowed(place, allowedHosts))
    throw new Failure(
      'host-not-allowed',
      `The critic would send prompts and answers to ${hostname}, which is not this machine: allow the host ${hostname} by name first.`
    )
  if (isIP(hostname)) return { ...place, addresses: [hostname] }
  let addresses: readonly string[]
  try {
    addresses = await resolve(hostname)
  } catch {
    addresses = []
  }
  if (addresses.length === 0)
    throw new Failure('critic-unreachable', `The host ${hostname} has no address: check its name.`)
  return { ...place, addresses }
}

/** Whether texts may be sent there: this machine, or a host that is allowed by its name. */
export const isAllowed = (
  { hostname, loopback: here }: Pick<Endpoint, 'hostname' | 'loopback'>,
  allowedHosts: readonly string[]
): boolean => here || allowedHosts.map(bare).includes(hostname)

/** null where it is none. `URL.canParse` is younger than the Node of the window's oldest Electron. */
function urlOf(words: string): URL | null {
  try {
    return new URL(words)
  } catch {
    return null
  }
}

/** The same without permission and without looking anything up: for showing what would be sent. */
export function placeOf(url: string): Omit<Endpoint, 'addresses'> {
  const parsed = urlOf(url)
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    throw new Failure('bad-configuration', `The critic's address ${url} is no http:// or https:// address.`)
  if (parsed.username !== '' || parsed.password !== '')
    throw new Failure(
      'bad-configuration',
      "The critic's address holds a name or a password: give a key through apiKeyVariable."
    )
  if (parsed.search !== '' || parsed.hash !== '')
    throw new Failure('bad-configuration', `The critic's address ${url} ends in a query; leave it out.`)
  const secure = parsed.protocol === 'https:'
  const hostname = bare(parsed.hostname)
  return {
    secure,
    host: parsed.host,
    hostname,
    port: parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port),
    path: `${parsed.pathname.replace(/\/+$/, '')}/chat/completions`,
    loopback: hostname === 'localhost' || isLoopback(hostname)
  }
}
