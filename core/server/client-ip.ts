// Whose address counts: the peer's, or, if the peer is a trusted proxy, the last one in `x-forwarded-for` that is not itself trusted.
import { BlockList, isIPv6, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'

export type ClientIpReader = (request: IncomingMessage) => string

/** `trusted`: addresses or CIDR networks of proxies in front of the gateway. Throws on what is neither. */
export function clientIpReader(trusted: readonly string[]): ClientIpReader {
  const list = new BlockList()
  for (const entry of trusted) addNetwork(list, entry)
  const isTrusted = (ip: string): boolean => list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')
  return (request) => {
    let ip = plain((request.socket.remoteAddress ?? '').split('%')[0]!)
    if (trusted.length === 0) return ip
    const hops = String(request.headers['x-forwarded-for'] ?? '').split(',')
    while (isTrusted(ip) && hops.length > 0) {
      const next = plain(withoutPort(hops.pop()!.trim()))
      // A zone names a network card of another host, and an address with one is not to be told from one without.
      if (isIP(next) === 0 || next.includes('%')) break
      ip = next
    }
    return ip
  }
}

function addNetwork(list: BlockList, entry: string): void {
  const [address = '', bits] = entry.split('/')
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  if (isIP(address) === 0) throw new Error(`server.trustProxy: ${entry} is neither an address nor a network such as 10.0.0.0/8`)
  if (bits === undefined) list.addAddress(address, family)
  else list.addSubnet(address, Number(bits), family)
}

/** Some proxies write `a.b.c.d:port` and `[v6]:port`. Not read, the proxy's own address would count, and pass where only proxies may. */
function withoutPort(hop: string): string {
  const [, bracketed, v4] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(hop) ?? []
  return bracketed ?? v4 ?? hop
}

/** IPv4 addresses that arrive over an IPv6 socket are written as what they are, link-local ones without their zone. */
function plain(ip: string): string {
  return /^::ffff:\d/i.test(ip) && ip.includes('.') ? ip.slice(7) : ip
}
