// The data-only operators that the artefact uses beside JSON Logic's own. Total: odd input gives false or the empty text.
import { BlockList, isIP } from 'node:net'

/** Is the address in the network (CIDR or a single address)? */
export function cidr(ip: unknown, network: unknown): boolean {
  if (typeof ip !== 'string' || typeof network !== 'string' || isIP(ip) === 0) return false
  let list = networks.get(network)
  if (list === undefined) networks.set(network, (list = parseNetwork(network)))
  return list !== null && list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')
}

/** Networks stand literally in policies, so there are few. */
const networks = new Map<string, BlockList | null>()

function parseNetwork(network: string): BlockList | null {
  const [address = '', bits] = network.split('/')
  const version = isIP(address)
  if (version === 0) return null
  const list = new BlockList()
  const family = version === 6 ? 'ipv6' : 'ipv4'
  const prefix = bits === undefined ? (version === 6 ? 128 : 32) : Number(bits)
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (version === 6 ? 128 : 32)) return null
  list.addSubnet(address, prefix, family)
  return list
}

export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== null
}

/** `*` any run of characters, `?` one character; everything else literal. Linear in the text for each `*`. */
export function glob(text: unknown, pattern: unknown): boolean {
  if (typeof text !== 'string' || typeof pattern !== 'string') return false
  let at = 0
  let in_ = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (in_ < pattern.length && (pattern[in_] === '?' || (pattern[in_] === text[at] && pattern[in_] !== '*'))) {
      at++
      in_++
    } else if (pattern[in_] === '*') {
      star = in_++
      resume = at
    } else if (star !== -1) {
      in_ = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[in_] === '*') in_++
  return in_ === pattern.length
}

export function includes(text: unknown, part: unknown): boolean {
  return typeof text === 'string' && typeof part === 'string' && text.includes(part)
}

export function lower(text: unknown): string {
  return typeof text === 'string' ? text.toLowerCase() : ''
}

/** As JSON Logic's `substr`: a negative start counts from the end. */
export function substr(text: unknown, start: unknown, length?: unknown): string {
  if (typeof text !== 'string' || typeof start !== 'number') return ''
  const from = start < 0 ? Math.max(0, text.length + start) : start
  if (typeof length !== 'number') return text.slice(from)
  return length < 0 ? text.slice(from, length) : text.slice(from, from + length)
}

/** `bind(list, k, v, …)` is the list of `{it: element, k: v, …}`: a quantifier over it reads outer values by name. */
export function bind(list: unknown, ...pairs: readonly unknown[]): readonly object[] {
  if (!Array.isArray(list)) return []
  return list.map((it: unknown) => {
    const element = Object.create(null) as { [name: string]: unknown }
    element['it'] = it
    for (let i = 0; i + 1 < pairs.length; i += 2) element[String(pairs[i])] = pairs[i + 1]
    return element
  })
}
