// What tests of keys share: a place whose pepper is known, and the two doors of a gateway.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { eventually, type RunningGateway } from './gateway.ts'
import { hashKey, makeKey } from '../../core/model/key-material.ts'

export type Loose = ReturnType<typeof JSON.parse>

interface Answer {
  readonly status: number
  readonly body: Loose
}

/** Of the gateways in these tests. */
export const PEPPER = Buffer.alloc(32, 9)

/** A folder whose pepper the test knows, and a key for `keys:` of its configuration. */
export function prepared(): { folder: string; yamlKey: string; rows: object[] } {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  mkdirSync(join(folder, 'data/secrets'), { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'data/secrets/pepper'), PEPPER, { mode: 0o600 })
  const { key, prefix } = makeKey()
  return { folder, yamlKey: key, rows: [{ id: 'key_yaml', name: 'In the file', tenant: 'acme', prefix, hash: hashKey(key, PEPPER) }] }
}

async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, body: await response.json() }
}

/** A gateway as its administrators and its customers see it. */
export function door(gateway: RunningGateway) {
  const call = async (method: string, path: string, body?: unknown, token = gateway.adminToken): Promise<Answer> => {
    const init = { method, headers: { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    return answerOf(await gateway.admin(`/keys${path}`, init))
  }
  const chat = async (key: string): Promise<Answer> =>
    answerOf(
      await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: 'hello' }] }),
      }),
    )
  return { call, chat }
}

/** The status that a key gets, asked again until it is another one than 200. */
export const untilRefused = (chat: (key: string) => Promise<Answer>, key: string): Promise<Answer> =>
  eventually(async (saw) => {
    const answer = saw(await chat(key))
    return answer.status !== 200 && answer
  })
