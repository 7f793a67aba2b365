// A gateway whose connections another process accepts: whoever kept one alive and asks while it drains is answered, and told that it was the last time.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { baseConfig } from '../../support/gateway.ts'
import { createMetrics } from '../../../core/telemetry/metrics.ts'
import { loadConfig } from '../../../core/config/load.ts'
import { silentLog } from '../state/manual-clock.ts'
import { startGateway, type Started } from '../../../core/cli/start.ts'
import type { Receiver } from '../../../core/server/gateway.ts'

const REQUEST = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'

describe('a gateway that receives connections', function () {
  this.timeout(60_000)
  let folder: string
  let started: Started<Receiver>
  let door: Server

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-receive-'))
    const config = join(folder, 'sallyport.yaml')
    writeFileSync(config, stringify({ ...baseConfig('http://127.0.0.1:9'), policies: { paths: [] } }))
    const metrics = createMetrics('test')
    started = await startGateway({
      loaded: loadConfig(config),
      flags: { config, recorder: false },
      log: silentLog(),
      metrics,
      metricsText: () => metrics.text(),
      whileDraining: 'answer',
      open: (gateway) => gateway.receive(),
    })
    door = createServer((socket) => started.opened.take(socket))
    await once(door.listen(0, '127.0.0.1'), 'listening')
  })
  after(() => {
    door.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  async function ask(socket: Socket): Promise<string> {
    socket.write(REQUEST)
    const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => ['closed'])])) as [Buffer | string]
    return String(answer)
  }

  it('answers once more on those that were kept alive when it drains, and ends the others', async () => {
    const { port } = door.address() as AddressInfo
    const [asking, idle] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
    for (const socket of [asking, idle]) assert.match(await ask(socket), /^HTTP\/1.1 200[\s\S]*connection: keep-alive/i)
    const stopped = started.stop()
    const answer = await ask(asking)
    assert.match(answer, /^HTTP\/1.1 200[\s\S]*connection: close/i)
    await Promise.all([stopped, idle.destroyed || once(idle.resume(), 'close'), asking.destroyed || once(asking, 'close')])
  })
})
