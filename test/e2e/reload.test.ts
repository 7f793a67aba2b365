// A policy file changes behaviour while the gateway runs; a broken one changes nothing.
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { errorCode, postChat, user } from '../support/chat.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

const deny = (model: string): string => `module acme.models
policy acme.closed "Closed models" {
  on    target
  when  target.model == "${model}"
  deny  "acme.closed" "This model is closed."
}
`

interface PolicyState {
  readonly generation: number
  readonly hash: string
  readonly last_error: string | null
}

describe('reload', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway({ config: baseConfig(upstream.url), policies: { 'models.policy': deny('another') } })
    key = await gateway.key()
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const state = async (): Promise<PolicyState> => (await (await gateway.admin('/policies')).json()) as PolicyState
  const write = (text: string): void => writeFileSync(join(gateway.folder, 'policies/models.policy'), text)

  it('changes the decision when a policy file changes', async () => {
    assert.equal((await postChat(gateway, key, user('hi'))).status, 200)
    const before = await state()
    write(deny('gpt-test'))
    const after = await eventually(async () => (await state()).generation > before.generation && state())
    assert.notEqual(after.hash, before.hash)
    const refused = await postChat(gateway, key, user('hi'))
    assert.equal(refused.status, 403)
    const { error } = (await refused.json()) as { error: { code: string; reason: string; policy: string } }
    assert.deepEqual([error.code, error.reason, error.policy], ['policy_denied', 'acme.closed', 'acme.closed'])
  })

  it('keeps the last good policies when an edit is broken, and shows where', async () => {
    const before = await state()
    write(deny('gpt-test').replace('target.model', 'target.modle'))
    const broken = await eventually(async () => {
      const now = await state()
      return now.last_error !== null && now
    })
    assert.equal(broken.hash, before.hash)
    assert.match(broken.last_error!, /models\.policy:4:/)
    assert.match(broken.last_error!, /\^\^\^/)
    assert.match(broken.last_error!, /Did you mean `target.model`/)
    assert.match(gateway.output(), /the reload was refused/)
    assert.equal(await errorCode(await postChat(gateway, key, user('hi'))), 'policy_denied')
  })

  const refusedReload = async (because: RegExp): Promise<void> => {
    const before = await state()
    const response = await gateway.admin('/reload', { method: 'POST' })
    assert.equal(response.status, 422)
    const after = await state()
    assert.equal(after.hash, before.hash)
    assert.match(after.last_error!, because)
    assert.equal(await errorCode(await postChat(gateway, key, user('hi'))), 'policy_denied')
  }

  it('keeps the last good policies when a file is emptied under it, by a full disk or half a write', async () => {
    write('')
    await refusedReload(/models\.policy cannot be read: it is empty/)
  })

  it('keeps the last good policies when the file of a list vanishes', async () => {
    const list = join(gateway.folder, 'policies/closed.txt')
    writeFileSync(list, 'gpt-test\n')
    write(`${deny('x').replace('== "x"', 'in closed')}list closed from "closed.txt"\n`)
    assert.equal((await gateway.admin('/reload', { method: 'POST' })).status, 200)
    rmSync(list)
    await refusedReload(/the list `closed` cannot be read: there is no file `closed.txt`/)
  })

  it('fails no request while it reloads again and again', async () => {
    write(deny('another'))
    await eventually(async () => (await state()).last_error === null)
    const statuses = new Set<number>()
    for (let round = 0; round < 5; round++) {
      const requests = Array.from({ length: 20 }, () => postChat(gateway, key, user(`round ${round}`)))
      const reloaded = gateway.admin('/reload', { method: 'POST' })
      for (const response of await Promise.all(requests)) {
        statuses.add(response.status)
        await response.text()
      }
      assert.equal((await reloaded).status, 200)
    }
    assert.deepEqual([...statuses], [200])
  })
})
