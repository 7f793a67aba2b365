// The gateway that we compare with, from npm, in a folder of its own. With newer versions of hono it answers streams with 500.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { startPinned, type Started } from './measure.ts'
import type { Endpoint } from './load.ts'

export const PORTKEY_VERSIONS = { '@portkey-ai/gateway': '1.15.2', hono: '4.9.7', '@hono/node-server': '1.13.5' } as const

/** Installs into `folder` unless it is there already; needs the npm registry once. */
export function installPortkey(folder: string): void {
  if (existsSync(join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js'))) return
  mkdirSync(folder, { recursive: true })
  // Without the overrides npm nests a newer @hono/node-server, since @hono/node-ws asks for one.
  const { hono, '@hono/node-server': nodeServer } = PORTKEY_VERSIONS
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: PORTKEY_VERSIONS, overrides: { hono, '@hono/node-server': nodeServer } }),
  )
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

export function startPortkey(folder: string, port: number, core: number | null): Started {
  const loopback = new URL('loopback.mjs', import.meta.url).href
  const command = [
    process.execPath,
    '--import',
    loopback,
    'node_modules/@portkey-ai/gateway/build/start-server.js',
    '--headless',
    `--port=${port}`,
  ]
  return startPinned(core, command, { cwd: folder, env: { NODE_ENV: 'production' } })
}

export function portkeyEndpoint(port: number, upstreamPort: number): Endpoint {
  return {
    port,
    headers: {
      authorization: 'Bearer bench',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
    },
  }
}
