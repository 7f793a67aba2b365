// The platform's limit: the least that node:http and undici need to relay a request and its answer.
// Run: node bench/relay.ts PORT UPSTREAM_ORIGIN
import { createServer } from 'node:http'
import { Pool } from 'undici'

const [port, origin] = process.argv.slice(2)
const pool = new Pool(origin!, { connections: 256 })

const server = createServer(async (request, response) => {
  try {
    const answer = await pool.request({
      method: 'POST',
      path: request.url!,
      headers: { 'content-type': request.headers['content-type'], 'content-length': request.headers['content-length'] },
      body: request,
    })
    const headers: Record<string, string> = { 'content-type': String(answer.headers['content-type']) }
    if (answer.headers['content-length'] !== undefined) headers['content-length'] = String(answer.headers['content-length'])
    response.writeHead(answer.statusCode, headers)
    answer.body.pipe(response)
    answer.body.on('error', () => response.destroy())
    response.on('close', () => answer.body.destroy())
  } catch {
    response.writeHead(502).end()
  }
})
server.listen(Number(port), '127.0.0.1', 4096)
