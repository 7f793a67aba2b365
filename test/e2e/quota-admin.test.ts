// Limits of keys and users as they are configured, where their counters stand, raises through the admin API and the command line, and the
// rows behind all of it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { baseConfig, eventually, runCli, startGateway, type RunningGateway } from '../support/gateway.ts'
import { answer, startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { errorCode, postChat } from '../support/chat.ts'

type Loose = ReturnType<typeof JSON.parse>

const MAIN = resolve(import.meta.dirname, '../../core/main.ts')
const POLICY = 'standard.quotas.daily_tokens'
const compare = (a: string, b: string): number => (a < b ? -1 : 1)

describe('limits of tenants, users and keys', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  const keys: { [id: string]: string } = {}

  before(async () => {
    upstream = await startUpstream()
    const config = {
      ...baseConfig(upstream.url),
      tenants: [{ id: 'acme' }, { id: 'small', quota: { dailyTokens: { soft: 50, hard: 100 } } }],
      users: [{ id: 'jo', tenant: 'acme', quota: { hourlyTokens: 100 } }],
      admins: [],
    }
    // The pepper is made at the first start: keys of the configuration are printed beside it.
    const first = await startGateway({ config })
    const rows = []
    for (const [id, tenant, more] of [
      ['budget', 'acme', { budget: '0.0001' }],
      ['narrow', 'acme', { quota: { monthlyTokens: { soft: 10, hard: 100 }, rpm: 5 } }],
      ['acting', 'acme', { scopes: ['chat', 'act-as-user'] }],
      ['small', 'small', {}],
    ] as const) {
      const printed = await first.cli('keys', 'create', '--tenant', tenant, '--print-config')
      const field = (name: string): string => new RegExp(`${name}: "?([0-9A-Za-z]+)`).exec(printed)![1]!
      keys[id] = /sp_live_\S+/.exec(printed)![0]
      rows.push({ id, tenant, prefix: field('prefix'), hash: field('hash'), ...more })
    }
    await first.stop()
    gateway = await startGateway({ folder: first.folder, config: { ...config, keys: rows }, recorder: true })
  })
  beforeEach(() => {
    upstream.reset()
    upstream.always(answer({ pieces: ['fine'], usage: { prompt: 60, completion: 60 } }))
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const ask = (key: string, headers: { [name: string]: string } = {}): Promise<Response> =>
    postChat(gateway, keys[key]!, { max_tokens: 30 }, { headers })
  const events = async (where: string): Promise<Loose[]> => {
    const columns = 'tenant, actor, action, target, before, after'
    return [...(await gateway.sql(`SELECT ${columns} FROM admin_events WHERE ${where} ORDER BY ts`))]
  }

  it('hold for a key: its budget, and its tokens a month beside its requests a minute', async () => {
    assert.equal((await ask('budget')).status, 200)
    assert.equal(await errorCode(await ask('budget')), 'budget_exceeded')
    const narrow = await ask('narrow')
    assert.deepEqual(
      [narrow.status, narrow.headers.get('x-ratelimit-limit-requests'), narrow.headers.get('x-ratelimit-limit-tokens')],
      [200, '5', '100'],
    )
    assert.equal(await errorCode(await ask('narrow')), 'quota_exceeded')
  })
  it('hold for a proved user, and not for whoever uses the name', async () => {
    assert.equal((await ask('acting', { 'x-sallyport-user': 'jo' })).status, 200)
    assert.equal(await errorCode(await ask('acting', { 'x-sallyport-user': 'jo' })), 'quota_exceeded')
    assert.equal((await ask('acting', { 'x-sallyport-user': 'al' })).status, 200)
  })

  it('are raised for a while, by the API and by the command line; every change is a row', async () => {
    assert.equal((await ask('small')).status, 200)
    assert.equal(await errorCode(await ask('small')), 'quota_exceeded')
    const asked = { tenant: 'small', policy: POLICY, unit: 'tokens', add: 150, for: '1h', reason: 'launch day' }
    const made = await gateway.admin('/quotas/raises', { method: 'POST', body: JSON.stringify(asked) })
    assert.equal(made.status, 201)
    const { id, by, add, until } = (await made.json()) as Loose
    assert.deepEqual([by, add, new Date(until).getTime() > Date.now()], ['bootstrap', 150, true])
    const passed = await ask('small')
    assert.deepEqual([passed.status, passed.headers.get('x-sallyport-warnings')], [200, 'quota_soft'])

    const shown = (await (await gateway.admin(`/quotas?tenant=small`)).json()) as Loose
    assert.deepEqual(
      shown.data.map(({ policy, used, reserved, limit }: Loose) => [policy, used, reserved, limit]),
      [[POLICY, 240, 0, 250]],
    )
    const url = ['--url', gateway.url]
    assert.match(
      await gateway.cli('quotas', 'list', '--tenant', 'small', ...url),
      new RegExp(`small\t${POLICY}\tsmall\ttokens\tday\t240\t0\t250\t`),
    )
    assert.match(await gateway.cli('quotas', 'list', '--raises', ...url), /launch day/)
    assert.match(await gateway.cli('quotas', 'end', id, ...url), /launch day/)
    assert.deepEqual(((await (await gateway.admin('/quotas/raises')).json()) as Loose).data, [])
    assert.equal(await errorCode(await ask('small')), 'quota_exceeded')

    const raise = ['quotas', 'raise', '--tenant', 'small', '--unit', 'tokens', '--add', '500', '--for', '2h', '--reason', 'more']
    const row = JSON.parse(await gateway.cli(...raise, '--policy', POLICY, '--json', ...url)) as Loose
    assert.equal(row.add, 500)
    assert.equal((await ask('small')).status, 200)

    const rows = await eventually(async (saw) => {
      const found = saw(await events("action LIKE 'quota%' AND tenant = 'small'"))
      return found.length >= 5 && found
    })
    assert.deepEqual(rows.map(({ actor, action, target }: Loose) => `${actor}: ${action} ${target}`).sort(compare), [
      `bootstrap: quota raise ended ${POLICY}`,
      `bootstrap: quota raised ${POLICY}`,
      `bootstrap: quota raised ${POLICY}`,
      `system: quota reached ${POLICY}`,
      `system: quota soft threshold ${POLICY}`,
    ])
    assert.equal(JSON.parse(rows.find(({ after }: Loose) => after.includes('launch day'))!.after).add, 150)
  })

  for (const [title, body, says] of [
    ['for nobody', { tenant: 'nobody' }, /tenant/],
    ['of nothing', { add: 0 }, /add/],
    ['below zero', { add: -5 }, /add/],
    ['of a part of a token', { add: 1.5 }, /add/],
    ['of too much', { add: 1e300 }, /add/],
    ['of words', { add: 'much' }, /add/],
    ['of something else', { unit: 'bananas' }, /unit/],
    ['without end', { for: undefined }, /for/],
    ['with two ends', { until: '2030-01-01T00:00:00Z' }, /for/],
    ['that is over', { for: undefined, until: '2020-01-01T00:00:00Z' }, /future/],
    ['for ever', { for: '999999d' }, /year/],
    ['for no reason', { reason: ' ' }, /reason/],
    ['with an odd policy', { policy: 'a b' }, /policy/],
    ['of a policy that is not there', { policy: 'standard.quotas.weekly' }, /no policy "standard.quotas.weekly" in force sets a limit/],
    ['of a policy that sets no limit', { policy: 'standard.access.feature' }, /sets a limit/],
    ['in a unit that the policy does not limit', { unit: 'money' }, /daily_tokens limits tokens/],
    ['with more to say', { colour: 'red' }, /colour/],
  ] as const) {
    it(`are not raised ${title}`, async () => {
      const asked = { tenant: 'small', policy: POLICY, unit: 'tokens', add: 5, for: '1h', reason: 'x', ...body }
      const response = await gateway.admin('/quotas/raises', { method: 'POST', body: JSON.stringify(asked) })
      assert.equal(response.status, 400)
      assert.match(((await response.json()) as Loose).error.message, says)
    })
  }
  it('are not raised by what is no JSON, by too much of it, or by an id that nobody has', async () => {
    assert.equal((await gateway.admin('/quotas/raises', { method: 'POST', body: '{' })).status, 400)
    assert.equal((await gateway.admin('/quotas/raises', { method: 'POST', body: ' '.repeat(100_000) })).status, 413)
    assert.equal((await gateway.admin('/quotas/raises/none', { method: 'DELETE' })).status, 404)
    await assert.rejects(gateway.cli('quotas', 'end', 'none', '--url', gateway.url), /no raise "none" holds now/)
    await assert.rejects(
      gateway.cli(
        'quotas',
        'raise',
        '--tenant',
        'small',
        '--policy',
        'x.y',
        '--unit',
        'tokens',
        '--add',
        '5',
        '--for',
        '1h',
        '--reason',
        'z',
        '--url',
        gateway.url,
      ),
      /no policy "x.y"/,
    )
    await assert.rejects(gateway.cli('quotas', 'list'), /name it with --url/)
  })

  it('can be looked at and raised while no gateway runs', async () => {
    await gateway.stop()
    const cli = (...words: string[]): Promise<string> => runCli([...words, '--config', 'sallyport.yaml'], { cwd: gateway.folder })
    const list = ['quotas', 'list', '--tenant', 'small', '--config', 'sallyport.yaml']
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...list], { cwd: gateway.folder, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.match(stdout, new RegExp(`${POLICY}\tsmall\ttokens\tday\t360\t0\t\t`))
    assert.match(stderr, /^limits are left out: only a running gateway tells them, and .*; start it, or name it with --url\n$/)
    const made = [
      '--policy',
      'standard.quotas.monthly',
      '--unit',
      'money',
      '--add',
      '12.50',
      '--until',
      new Date(Date.now() + 86_400_000).toISOString(),
      '--reason',
      'x',
    ]
    assert.equal(JSON.parse(await cli('quotas', 'raise', '--tenant', 'small', ...made, '--json')).add, '12.500000000')
    const raises = (await cli('quotas', 'list', '--raises', '--json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Loose)
    assert.deepEqual(raises.map(({ reason }) => String(reason)).sort(compare), ['more', 'x'])
    await cli('quotas', 'end', raises.find(({ reason }) => reason === 'x').id)
    assert.equal((await cli('quotas', 'list', '--raises', '--json')).trim().split('\n').length, 1)
  })
})
