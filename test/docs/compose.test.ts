// The compose file says what works: its Redis and its gateway are started here with the words and the configuration that stand in it.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { tmpdir } from 'node:os'
import { ROOT } from '../support/copy.ts'
import { startGateway } from '../support/gateway.ts'
import { TestRedis } from '../support/redis.ts'

interface Service {
  readonly command: readonly string[]
  readonly environment: { readonly [name: string]: string }
  readonly volumes: readonly string[]
}

const { services } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')) as { services: { gateway: Service; redis: Service } }

describe('docker-compose.yml', function () {
  this.timeout(120_000)

  it('starts workers that answer, on a Redis that the doctor is content with', async () => {
    const [, ...redisWords] = services.redis.command
    const [verb, ...words] = services.gateway.command
    assert.equal(verb, 'serve')
    const redis = await TestRedis.start({ args: redisWords })
    const gateway = await startGateway({
      folder: placed(),
      args: [...words, '--port', '0'],
      env: { ...services.gateway.environment, REDIS_URL: redis.url },
    })
    try {
      assert.equal(await statusOf(gateway.url), 200)
      const findings = JSON.parse(await gateway.cli('doctor', '--json').catch((error: { stdout: string }) => error.stdout)) as {
        what: string
        state: string
      }[]
      // ClickHouse is not here; nothing else is wrong.
      assert.deepEqual(
        findings.filter(({ state }) => state === 'bad').map(({ what }) => what),
        ['clickhouse'],
      )
      assert.equal(findings.find(({ what }) => what === 'redis')?.state, 'ok')
    } finally {
      await gateway.remove()
      await redis.stop()
    }
  })
})

const statusOf = async (url: string): Promise<number> => (await fetch(`${url}/readyz`)).status

/** Files and folders of the repository where the container has them, below a folder in place of `/app`. */
function placed(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-compose-'))
  for (const [from, to] of services.gateway.volumes.map((volume) => volume.split(':'))) {
    if (!from!.startsWith('./')) continue
    assert.ok(existsSync(join(ROOT, from!)), from)
    cpSync(join(ROOT, from!), to!.replace(/^\/app/, folder), { recursive: true })
  }
  return folder
}
