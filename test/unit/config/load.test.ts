// The configuration file as its author meets it: text in, facts or findings out.
import { NO_QUOTA, readQuota } from '../../../core/model/quota.ts'
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesOf, loadConfig } from '../../../core/config/load.ts'
import { ConfigError, type ConfigFinding } from '../../../core/config/config-error.ts'
import type { LoadedConfig } from '../../../core/config/config.ts'

const NOW = Date.parse('2026-06-15T12:00:00Z')
let folder: string

const load = (text: string, environment: NodeJS.ProcessEnv = {}): LoadedConfig => {
  const path = join(folder, 'sallyport.yaml')
  writeFileSync(path, text)
  return loadConfig(path, { environment, now: NOW })
}

const findings = (text: string, environment: NodeJS.ProcessEnv = {}): readonly ConfigFinding[] => {
  try {
    load(text, environment)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error.findings
  }
  return []
}

const lines = (text: string, environment: NodeJS.ProcessEnv = {}): string[] =>
  findings(text, environment).map(({ path, message }) => `${path}: ${message}`)

const MODEL = `
providers: [{ name: up, type: openai, credential: { env: UP_KEY } }]
models: [{ name: m, targets: [{ provider: up, model: m-1 }] }]
`

describe('configuration file', () => {
  before(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'))))
  after(() => rmSync(folder, { recursive: true }))

  describe('what holds', () => {
    it('fills every default of an empty file', () => {
      const { config, directory } = load('')
      assert.deepEqual(config.server, {
        host: '127.0.0.1',
        port: 8080,
        maxBodyBytes: 16 * 1024 * 1024,
        trustProxy: [],
        receiveTimeoutMs: 120_000,
        streamHeaderAfterMs: 10_000,
        drainSeconds: 30,
      })
      assert.deepEqual(config.record.spool, { path: './data/spool', maxBytes: 1024 ** 3, fsync: false, onUnavailable: 'block' })
      assert.equal(config.policies.standard, true)
      assert.equal(directory.models.size, 0)
    })

    it('takes a section that was left empty for its defaults', () => {
      assert.equal(load('server:\ntenants:\n').config.server.port, 8080)
    })

    it('reads sizes in both families of units', () => {
      assert.deepEqual(['512', '10 B', '16MiB', '1GB', '2KiB'].map(bytesOf), [512, 10, 16 * 1024 ** 2, 1e9, 2048])
    })

    it('wants ./policies only where it is written down or exists', () => {
      assert.deepEqual(load('policies: { standard: false }').config.policies, { standard: false, paths: [] })
      mkdirSync(join(folder, 'policies'))
      assert.deepEqual(load('').config.policies.paths, ['./policies'])
      rmSync(join(folder, 'policies'), { recursive: true })
    })

    it('offers simulated models first when there is no file, and real ones where their key is set', () => {
      const plain = loadConfig(undefined, { cwd: folder.replace(/$/, '/..'), environment: {} })
      assert.equal(plain.path, null)
      assert.deepEqual(
        [...plain.directory.models.keys()],
        ['sim-echo', 'sim-chat', 'sim-slow', 'sim-error-500', 'sim-error-429', 'sim-dies'],
      )
      assert.ok([...plain.directory.models.values()].every(({ active, targets }) => active && targets[0]!.rates !== null))
      assert.ok(plain.directory.tenants.has('demo'))
      const keyed = loadConfig(undefined, { cwd: folder.replace(/$/, '/..'), environment: { OPENAI_API_KEY: 'x', ANTHROPIC_API_KEY: 'y' } })
      assert.equal([...keyed.directory.models.keys()][0], 'sim-echo')
      assert.ok(keyed.directory.models.has('gpt-4.1-mini') && keyed.directory.models.has('claude-sonnet-4-5'))
    })
  })

  describe('the environment', () => {
    it('resolves references inside texts and as numbers', () => {
      const { config } = load('server: { port: "${PORT}", host: "${HOST}" }\nstate: { path: "/data/${HOST}/state" }', {
        PORT: '9090',
        HOST: 'localhost',
      })
      assert.deepEqual([config.server.port, config.server.host], [9090, 'localhost'])
      assert.deepEqual(config.state, { driver: 'embedded', path: '/data/localhost/state' })
    })

    it('names the path and the variable of a missing one', () => {
      assert.deepEqual(lines('server: { port: "${NO_PORT}" }'), ['server.port: the environment variable NO_PORT is not set'])
    })

    it('cannot change the structure of the file, and $${ is a literal', () => {
      const { config } = load('record: { spool: { path: "${X}" } }\nserver: { host: "$${X}" }', { X: 'a, fsync: true }' })
      assert.equal(config.record.spool.path, 'a, fsync: true }')
      assert.equal(config.record.spool.fsync, false)
      assert.equal(config.server.host, '${X}')
    })

    it('keeps values of the environment out of the hash', () => {
      const text = 'record: { clickhouse: { driver: server, url: "http://db:8123", password: "${PASSWORD}" } }'
      assert.equal(load(text, { PASSWORD: 'one' }).hash, load(text, { PASSWORD: 'two' }).hash)
    })

    it('never repeats a value that may be secret in a finding', () => {
      const text = 'keys: [{ id: k, tenant: t, prefix: abcdefghij, hash: "${HASH}" }]\ntenants: [{ id: t }]'
      assert.doesNotMatch(lines(text, { HASH: 'oops-a-secret' }).join(), /oops/)
    })
  })

  describe('findings', () => {
    it('come all at once, with paths and suggestions', () => {
      assert.deepEqual(
        lines('serv: {}\nserver: { prot: 1, port: 70000 }\nrecord: { spool: { onUnavailable: blok } }\nmodels: [{ name: m }]').sort(),
        [
          'models[0].targets: is missing',
          'record.spool.onUnavailable: must be block, continue; did you mean "block"?',
          'serv: there is no such setting; did you mean "server"?',
          'server.port: must be <= 65535',
          'server.prot: there is no such setting; did you mean "port"?',
        ],
      )
    })

    it('show names that lead nowhere', () => {
      const text = `${MODEL}
features: [{ name: chat, model: n, fallback: [m, x] }]
plans: [{ name: team, features: [chta] }]
tenants: [{ id: acme, plan: tem, defaultFeature: chat }]
users: [{ id: jo, tenant: acmee }]
pools: [{ name: p, models: [m, mm] }]`
      assert.deepEqual(lines(text), [
        'pools[0].models[1]: no model is named "mm"; there are: m',
        'features[0].model: no model is named "n"; there are: m',
        'features[0].fallback[1]: no model is named "x"; there are: m',
        'plans[0].features[0]: no feature is named "chta"; did you mean "chat"?',
        'tenants[0].plan: no plan is named "tem"; did you mean "team"?',
        'users[0].tenant: no tenant is named "acmee"; did you mean "acme"?',
      ])
    })

    it('show names that stand twice, currencies without a rate, days that never were, and zones that are none', () => {
      const text = `
providers: [{ name: up, type: openai }, { name: up, type: openai }]
models: [{ name: m, targets: [{ provider: up, model: m }], rates: [{ currency: GBP, input: 1, output: 1, validFrom: 2026-02-30 }] }]
tenants: [{ id: t, timeZone: Europe/Atlantis }]`
      assert.deepEqual(lines(text), [
        'providers[1].name: "up" stands twice',
        'models[0].rates[0].validFrom: "2026-02-30" is not in the calendar',
        'models[0].rates[0].currency: money.rates has no rate from GBP to USD',
        'tenants[0].timeZone: "Europe/Atlantis" is no IANA time zone such as Europe/Berlin',
      ])
    })

    it('refuse a credential inside an endpoint, and one that is none of the three kinds', () => {
      assert.deepEqual(lines('providers: [{ name: a, type: openai, endpoint: "https://user:pw@host/v1" }]'), [
        'providers[0].endpoint: holds a credential; name it under credential instead',
      ])
      assert.equal(findings('providers: [{ name: a, type: openai, credential: sk-123 }]').length, 1)
      assert.equal(findings('providers: [{ name: a, type: openai, credential: { env: A, file: b } }]').length, 1)
    })

    it('tell the line of a broken file', () => {
      assert.match(lines('server: { port: 1\nlog: x')[0]!, /line 2/)
      assert.match(lines('server: { port: 1 }\nserver: { port: 2 }')[0]!, /unique/i)
    })

    it('refuse lists and values in place of settings', () => {
      assert.equal(findings('- a').length, 1)
      assert.equal(findings('hello').length, 1)
      assert.deepEqual(
        lines('__proto__: { polluted: true }').map((line) => line.slice(0, 36)),
        ['__proto__: there is no such setting;'],
      )
    })

    it('say that a file which was asked for is not there', () => {
      assert.throws(
        () => loadConfig(join(folder, 'none.yaml')),
        (error) => error instanceof ConfigError && error.isUsage && /no such file/.test(error.message),
      )
    })
  })

  describe('money', () => {
    const rates = (text: string) =>
      load(
        `${MODEL.replace('}] }]', `}], rates: ${text} }]`)}\nmoney: { base: USD, rates: [{ from: EUR, rate: 1.08 }, { from: EUR, rate: 1.10, validFrom: 2026-06-01 }, { from: EUR, rate: 9, validFrom: 2026-07-01 }] }`,
      ).directory.models.get('m')!.targets[0]!.rates

    it('becomes nano-units per million tokens of the base currency', () => {
      assert.deepEqual(rates('{ input: 0.40, cachedInput: 0.10, output: 1.60 }'), {
        input: 400_000_000n,
        cachedInput: 100_000_000n,
        cacheWrite: 400_000_000n,
        output: 1_600_000_000n,
        currency: 'USD',
        fxRate: '1',
        internal: false,
      })
    })

    it('is converted with the rate of exchange of the day', () => {
      assert.deepEqual(rates('{ currency: EUR, input: 1, output: "0.3", internal: true }'), {
        input: 1_100_000_000n,
        cachedInput: 1_100_000_000n,
        cacheWrite: 1_100_000_000n,
        output: 330_000_000n,
        currency: 'EUR',
        fxRate: '1.1',
        internal: true,
      })
    })

    it('takes the latest price that has begun', () => {
      const dated =
        '[{ input: 3, output: 3, validFrom: 2026-09-01 }, { input: 1, output: 1 }, { input: 2, output: 2, validFrom: 2026-06-15 }]'
      assert.equal(rates(dated)!.input, 2_000_000_000n)
      assert.equal(rates('[{ input: 3, output: 3, validFrom: 2026-09-01 }]'), null)
    })

    it('is unknown, not zero, where nothing is written; and tiny prices keep their places', () => {
      assert.equal(load(MODEL).directory.models.get('m')!.targets[0]!.rates, null)
      assert.equal(rates('{ input: 0.0000001, output: 1e-9 }')!.input, 100n)
    })

    it('gives the price list a version that changes with a price and with nothing else', () => {
      const version = (input: number, port: number): string =>
        load(`${MODEL.replace('}] }]', `}], rates: { input: ${input}, output: 1 } }]`)}\nserver: { port: ${port} }`).ratesVersion
      assert.equal(version(1, 1), version(1, 2))
      assert.notEqual(version(1, 1), version(2, 1))
    })
  })

  describe('plans', () => {
    it('fill what their tenants leave out, member by member', () => {
      const { directory } = load(`${MODEL}
features: [{ name: a }, { name: b }]
plans: [{ name: team, monthly: 250, features: [a], quota: { rpm: 10, dailyTokens: { soft: 5, hard: 9 } }, markup: 1.15 }]
tenants: [{ id: t, plan: team }, { id: u, plan: team, features: [], quota: { rpm: 20, dailyTokens: 7, monthly: "1.5" }, markup: 2 }, { id: v }]`)
      const { t, u, v } = Object.fromEntries(directory.tenants)
      assert.deepEqual(t!.quota, { ...NO_QUOTA, dailyTokensSoft: 5, dailyTokensHard: 9, monthlyNano: 250_000_000_000n, rpm: 10 })
      assert.deepEqual([t!.features, t!.markup], [['a'], '1.15'])
      assert.deepEqual(u!.quota, { ...NO_QUOTA, dailyTokensHard: 7, monthlyNano: 1_500_000_000n, rpm: 20 })
      assert.deepEqual([u!.features, u!.markup], [[], '2'], 'an empty list allows nothing and is no absence')
      assert.deepEqual([v!.features, v!.markup, v!.quota.rpm], [null, '1', null])
    })
  })

  describe('quotas', () => {
    const ROW = 'id: k, tenant: t, prefix: abcdefghij, hash: "' + 'a'.repeat(64) + '"'

    it('stand at users and keys too, with two thresholds where one is to warn; a budget is money per month', () => {
      const { directory } = load(`${MODEL}
tenants: [{ id: t, quota: { monthly: { soft: 80, hard: "100.50" }, hourlyTokens: 5 } }]
users: [{ id: jo, tenant: t, quota: { monthlyTokens: { soft: 1, hard: 2 } } }, { id: al, tenant: t }]
keys: [{ ${ROW}, budget: 12.5, quota: { rpm: 3 } }]`)
      assert.deepEqual(directory.tenants.get('t')!.quota, {
        ...NO_QUOTA,
        monthlySoftNano: 80_000_000_000n,
        monthlyNano: 100_500_000_000n,
        hourlyTokensHard: 5,
      })
      assert.deepEqual(directory.users.get('jo')!.quota, { ...NO_QUOTA, monthlyTokensSoft: 1, monthlyTokensHard: 2 })
      assert.deepEqual(directory.users.get('al')!.quota, NO_QUOTA)
      const spec = directory.keys[0]!.quota!
      assert.deepEqual(JSON.parse(JSON.stringify(spec)), { monthly: 12.5, rpm: 3 })
      assert.deepEqual(readQuota(spec), { ...NO_QUOTA, monthlyNano: 12_500_000_000n, rpm: 3 })
    })
    for (const [title, quota] of [
      ['below zero', 'rpm: -1'],
      ['that is no number', 'tpm: .nan'],
      ['with a fraction', 'dailyTokens: 1.5'],
      ['of money in words', 'monthly: { hard: much }'],
      ['that nobody knows', 'yearlyTokens: 5'],
    ] as const) {
      it(`cannot hold a limit ${title}`, () => {
        assert.throws(
          () => load(`${MODEL}\ntenants: [{ id: t }]\nusers: [{ id: jo, tenant: t, quota: { ${quota} } }]`),
          /users\[0\]\.quota/,
        )
      })
    }
    it('take money that is larger than anybody has', () => {
      const { directory } = load(`${MODEL}\ntenants: [{ id: t, quota: { monthly: 1e300, rpm: 1e300 } }]`)
      assert.equal(directory.tenants.get('t')!.quota.monthlyNano, BigInt(1e300) * 1_000_000_000n)
    })
    it('say one thing once', () => {
      assert.throws(
        () => load(`${MODEL}\ntenants: [{ id: t }]\nkeys: [{ ${ROW}, budget: 1, quota: { monthly: 2 } }]`),
        /keys\[0\]\.budget: is short for quota\.monthly, which is there too; keep one of them/,
      )
    })
  })

  describe('providers', () => {
    it('name their credential and never hold it', () => {
      const loaded = load(
        'providers: [{ name: a, type: openai, endpoint: "https://h/v1/", credential: { file: secrets/a } }]\nmodels: [{ name: m, targets: [{ provider: a, model: x }] }]',
      )
      const { provider } = loaded.directory.models.get('m')!.targets[0]!
      assert.deepEqual([provider.endpoint, provider.credentialRef, provider.zone], ['https://h/v1', 'file:secrets/a', 'external'])
      assert.deepEqual(provider.timeouts, { connectMs: 5000, firstTokenMs: 60_000, idleMs: 30_000, totalMs: 600_000 })
      assert.deepEqual(loaded.credentials.get('file:secrets/a'), { file: join(folder, 'secrets/a') })
    })
  })
})
