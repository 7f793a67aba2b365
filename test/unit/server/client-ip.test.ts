import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { clientIpReader } from '../../../core/server/client-ip.ts'

const request = (peer: string, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress: peer },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

describe('client address', () => {
  const cases: [string, readonly string[], string, string | undefined, string][] = [
    ['takes the peer when no proxy is trusted', [], '203.0.113.9', '1.2.3.4', '203.0.113.9'],
    ['ignores the header of a peer that is not trusted', ['10.0.0.0/8'], '203.0.113.9', '1.2.3.4', '203.0.113.9'],
    ['takes the last hop that is not trusted', ['10.0.0.0/8'], '10.0.0.1', '6.6.6.6, 198.51.100.7, 10.0.0.2', '198.51.100.7'],
    ['stops at what is no address', ['10.0.0.0/8'], '10.0.0.1', '6.6.6.6, nonsense', '10.0.0.1'],
    ['stops at an address with a zone', ['10.0.0.0/8'], '10.0.0.1', '2001:db8::7%eth0', '10.0.0.1'],
    ['takes an address whose proxy writes its port too', ['10.0.0.0/8'], '10.0.0.1', '6.6.6.6, 198.51.100.7:4711', '198.51.100.7'],
    ['takes an IPv6 address in brackets', ['10.0.0.0/8'], '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['takes an IPv6 address in brackets without a port', ['10.0.0.0/8'], '10.0.0.1', '[2001:db8::7]', '2001:db8::7'],
    ['trusts a proxy that is written with a port', ['10.0.0.0/8'], '10.0.0.1', '198.51.100.7, 10.0.0.2:80', '198.51.100.7'],
    ['stops at a port that is none', ['10.0.0.0/8'], '10.0.0.1', '198.51.100.7:x', '10.0.0.1'],
    ['leaves out the zone of a peer', ['fe80::/10'], 'fe80::1%eth0', '198.51.100.7', '198.51.100.7'],
    ['writes a peer with a zone without it', [], 'fe80::1%eth0', undefined, 'fe80::1'],
    ['writes IPv4 over IPv6 as IPv4, in capitals too', ['10.0.0.0/8'], '::FFFF:10.0.0.1', '::FFFF:198.51.100.7', '198.51.100.7'],
    ['writes IPv4 over IPv6 as IPv4', [], '::ffff:127.0.0.1', undefined, '127.0.0.1'],
  ]
  for (const [title, trusted, peer, forwarded, expected] of cases) {
    it(title, () => assert.equal(clientIpReader(trusted)(request(peer, forwarded)), expected))
  }
  it('refuses a setting that is neither address nor network', () => {
    assert.throws(() => clientIpReader(['localhost']), /server.trustProxy/)
  })
})
