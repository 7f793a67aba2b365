// The page for operators is typed into one shell, in its order, with a Redis of its own (`test/support/typed-page.ts` has the rules).
import { freePort } from '../support/free-port.ts'
import { testTypedPage } from '../support/typed-page.ts'

describe('docs/operations.md', function () {
  this.timeout(120_000)
  // Each block stands on those before it.
  this.bail(true)
  testTypedPage('docs/operations.md', async () => {
    const [port, port2, redisPort] = [await freePort(), await freePort(), await freePort()]
    return { PORT: String(port), PORT2: String(port2), REDIS_PORT: String(redisPort) }
  })
})
