// A worker that stands still: the others serve, show metrics and say why they take no changes; it comes back, or is ended, and nothing is forgotten.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { renameSync, writeFileSync } from 'node:fs'
import { eventually, type RunningGateway } from '../support/gateway.ts'
import { policyOf, sendChat, startWorkers, workerPids, type Workers } from '../support/cluster.ts'

const WORKERS = 3
// Half a minute until the worker is ended.
const inLongRun = process.env['SALLYPORT_TEST_LONG'] ? it : (): void => {}

describe('a worker that stands still', function () {
  this.timeout(180_000)
  let cluster: Workers
  let gateway: RunningGateway
  let key: string

  before(async () => {
    cluster = await startWorkers(WORKERS, { 'house.policy': policyOf('house.1') })
    ;({ gateway } = cluster)
    key = await gateway.key()
  })
  after(async () => {
    await cluster?.stop()
  })

  const change = (code: string): void => {
    const file = join(gateway.folder, 'policies/house.policy')
    writeFileSync(`${file}.new`, policyOf(code))
    renameSync(`${file}.new`, file)
  }
  /** One connection may wait for the one that stands still. */
  const metrics = (): Promise<string> =>
    Promise.any([1, 2].map(() => fetch(`${gateway.url}/metrics`, { headers: { connection: 'close' } }).then((response) => response.text())))
  const codes = async (): Promise<readonly string[]> => [
    ...new Set(await Promise.all(Array.from({ length: 6 * WORKERS }, async () => (await sendChat(gateway.url, key, 'forbidden')).code))),
  ]
  const errors = (message: string): readonly { readonly pid?: number; readonly err?: string }[] =>
    gateway
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes(`"${message}"`))
      .map((line) => JSON.parse(line) as { err?: string })

  it('is left out of the metrics, named by a reload that waits for it, and takes the change when it goes on', async () => {
    const still = workerPids(gateway)[0]!
    process.kill(still, 'SIGSTOP')
    change('house.2')
    assert.match(await metrics(), /^sallyport_workers 3$/m)
    const [failure] = await eventually(async (saw) => {
      const found = saw(errors('changed files could not be checked'))
      return found.length > 0 && found
    })
    assert.match(JSON.stringify(failure!.err), new RegExp(`worker ${still} said nothing for 10 s; nothing was changed`))
    assert.match(await metrics(), /^sallyport_snapshot_generation\S* 1$/m)
    process.kill(still, 'SIGCONT')
    await eventually(async (saw) => /^sallyport_snapshot_generation\S* 2$/m.test(saw(await metrics())))
    assert.deepEqual(await codes(), ['house.2'])
  })
  inLongRun('is ended and replaced after half a minute, and the change that it held up takes effect everywhere', async () => {
    const still = workerPids(gateway)[0]!
    process.kill(still, 'SIGSTOP')
    change('house.3')
    const [ended] = await eventually(async (saw) => {
      const found = saw(errors('a worker stands still; ending it'))
      return found.length > 0 && found
    })
    assert.equal(ended!.pid, still)
    await eventually(async (saw) => /^sallyport_snapshot_generation\S* 3$/m.test(saw(await metrics())))
    assert.deepEqual(await codes(), ['house.3'])
  })
})
